#include "conf/files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "conf/bundle.h"

namespace ringwall::conf {
namespace {

using testing::ElementsAre;

class OnDisk : public testing::Test {
 protected:
  OnDisk() {
    std::string pattern = testing::TempDir() + "ringwall-files-XXXXXX";
    directory_ = std::string(mkdtemp(pattern.data())) + "/";
  }
  ~OnDisk() override { std::filesystem::remove_all(directory_); }
  std::string write(const std::string& name, const std::string& text) {
    std::ofstream(directory_ + name) << text;
    return directory_ + name;
  }
  std::string directory_;
  DiskFiles files_;
};

TEST_F(OnDisk, reads_files_and_remembers_them) {
  std::string path = write("a", std::string(100000, 'x'));
  ASSERT_TRUE(files_.read(path));
  EXPECT_EQ(files_.read(path)->size(), 100000u);
  write("a", "changed");
  EXPECT_EQ(files_.read(path)->size(), 100000u);  // what was checked is what the bundle holds
  Bundle bundle = files_.bundle(path);
  EXPECT_EQ(bundle.entry, path);
  EXPECT_EQ(bundle.files.at(path).size(), 100000u);
}

TEST_F(OnDisk, what_is_no_file_is_an_error_and_does_not_hang) {
  EXPECT_FALSE(files_.read(directory_ + "none"));
  EXPECT_FALSE(files_.read(directory_));
  std::string fifo = directory_ + "fifo";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  ASSERT_FALSE(files_.read(fifo));
  EXPECT_EQ(files_.read(fifo).error().what, "is not a regular file");
}

TEST_F(OnDisk, patterns_give_sorted_paths) {
  write("b.toml", "");
  write("a.toml", "");
  write("c.txt", "");
  EXPECT_THAT(*files_.glob(directory_ + "*.toml"),
              ElementsAre(directory_ + "a.toml", directory_ + "b.toml"));
  EXPECT_THAT(*files_.glob(directory_ + "*.none"), ElementsAre());
  EXPECT_THAT(*files_.glob(directory_ + "absent/*.toml"), ElementsAre());
  EXPECT_EQ(files_.bundle("").globbed.size(), 3u);
}

TEST_F(OnDisk, there_is_at_least_one_processor) {
  EXPECT_GE(files_.cpu_count(), 1u);
  EXPECT_EQ(files_.bundle("").cpus, files_.cpu_count());
}

}  // namespace
}  // namespace ringwall::conf
