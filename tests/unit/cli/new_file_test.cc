#include "cli/new_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "tests/unit/cli/program.h"

namespace ringwall::cli {
namespace {

class NewFileTest : public testing::Test {
 protected:
  std::string path() const { return directory_.path() + "/file"; }
  static void write(const NewFile& file, std::string_view text) {
    EXPECT_EQ(::write(file.fd(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  /// How many names there are in the directory.
  long names() const {
    return std::distance(std::filesystem::directory_iterator(directory_.path()), {});
  }
  TemporaryDirectory directory_;
};

TEST_F(NewFileTest, it_has_its_name_when_it_is_published) {
  auto file = NewFile::make(path());
  ASSERT_TRUE(file) << file.error().what;
  write(*file, "text");
  EXPECT_FALSE(std::filesystem::exists(path()));
  EXPECT_TRUE(file->publish());
  EXPECT_EQ(file_text(path()), "text");
  struct stat status = {};
  EXPECT_EQ(::stat(path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600u);
  EXPECT_EQ(names(), 1);
}

TEST_F(NewFileTest, it_takes_the_place_of_an_older_one) {
  std::ofstream(path()) << "older and longer";
  auto file = NewFile::make(path());
  ASSERT_TRUE(file);
  write(*file, "new");
  EXPECT_EQ(file_text(path()), "older and longer");
  EXPECT_TRUE(file->publish());
  EXPECT_EQ(file_text(path()), "new");
  EXPECT_EQ(names(), 1);
}

TEST_F(NewFileTest, without_publishing_nothing_is_left) {
  {
    auto file = NewFile::make(path());
    ASSERT_TRUE(file);
    write(*file, "half of it");
  }
  EXPECT_EQ(names(), 0);
}

TEST_F(NewFileTest, what_stands_against_it_is_said_before_anything_is_written) {
  EXPECT_FALSE(NewFile::make(directory_.path()));
  EXPECT_FALSE(NewFile::make(directory_.path() + "/none/file"));
  EXPECT_FALSE(NewFile::make(directory_.path() + "/file/"));
  EXPECT_FALSE(NewFile::make("/dev/null"));
  EXPECT_FALSE(NewFile::make(""));
}

// Where there are no files without a name, in /proc for one.
TEST_F(NewFileTest, the_error_names_the_directory) {
  auto file = NewFile::make("/proc/self/file");
  ASSERT_FALSE(file);
  EXPECT_TRUE(contains(file.error().what, "/proc/self"));
}

}  // namespace
}  // namespace ringwall::cli
