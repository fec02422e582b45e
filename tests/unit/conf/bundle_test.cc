#include "conf/bundle.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "conf/load.h"
#include "tests/unit/conf/config_text.h"

namespace ringwall::conf {
namespace {

Bundle some_bundle() {
  Bundle bundle;
  bundle.entry = "/etc/r.toml";
  bundle.files["/etc/r.toml"] = "include = [\"d/*\"]\n" + least;
  bundle.files["/etc/d/x"] = "[http]\nvia = \"x\"\n";
  bundle.files["/etc/binary"] = std::string("\0\1\n\xff", 4);
  bundle.files["/etc/empty"] = "";
  bundle.globbed["/etc/d/*"] = {"/etc/d/x"};
  bundle.globbed["/etc/none*"] = {};
  bundle.cpus = 5;
  return bundle;
}

/// A sealed memfd of these bytes.
base::UniqueFd sealed(const std::string& bytes) {
  base::UniqueFd fd(memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  EXPECT_EQ(write(fd.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
  return fd;
}

std::string bytes_of(int fd) {
  std::string bytes(static_cast<size_t>(lseek(fd, 0, SEEK_END)), '\0');
  EXPECT_EQ(pread(fd, bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
  return bytes;
}

TEST(bundle, comes_out_of_the_memfd_as_it_went_in) {
  Bundle bundle = some_bundle();
  auto fd = write_bundle(bundle);
  ASSERT_TRUE(fd);
  for (int reader = 0; reader < 2; ++reader) {  // several children read the same descriptor
    auto read = read_bundle(fd->get());
    ASSERT_TRUE(read) << read.error().what;
    EXPECT_EQ(read->entry, bundle.entry);
    EXPECT_EQ(read->files, bundle.files);
    EXPECT_EQ(read->globbed, bundle.globbed);
    EXPECT_EQ(read->cpus, 5u);
  }
}

TEST(bundle, gives_a_worker_the_same_config_without_a_disk) {
  Bundle bundle = *read_bundle(write_bundle(some_bundle())->get());
  LoadResult result = load(bundle.entry, bundle);
  ASSERT_TRUE(result.ok()) << result.error_text();
  EXPECT_EQ(result.config->http.via, "x");
  EXPECT_EQ(result.config->process.workers, 5u);
}

TEST(bundle, cannot_be_changed_by_whoever_holds_it) {
  auto fd = write_bundle(some_bundle());
  EXPECT_EQ(pwrite(fd->get(), "x", 1, 0), -1);
  EXPECT_EQ(ftruncate(fd->get(), 1), -1);
  EXPECT_NE(fcntl(fd->get(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST(bundle, an_unsealed_or_foreign_descriptor_is_refused) {
  base::UniqueFd fd(memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  EXPECT_FALSE(read_bundle(fd.get()));
  EXPECT_FALSE(read_bundle(-1));
  EXPECT_FALSE(read_bundle(sealed("").get()));
  EXPECT_FALSE(read_bundle(sealed("ringwall bundle 0\n").get()));
}

TEST(bundle, a_damaged_one_is_refused_wherever_it_is_cut_or_bent) {
  std::string whole = bytes_of(write_bundle(some_bundle())->get());
  ASSERT_TRUE(read_bundle(sealed(whole).get()));
  for (size_t n = 0; n < whole.size(); ++n) {
    EXPECT_FALSE(read_bundle(sealed(whole.substr(0, n)).get())) << n;
  }
  EXPECT_FALSE(read_bundle(sealed(whole + "x").get()));
  for (size_t n = 0; n < whole.size(); ++n) {
    std::string bent = whole;
    bent[n] = static_cast<char>(bent[n] ^ 0xff);
    auto result = read_bundle(sealed(bent).get());  // may be other text, must not crash or hang
    EXPECT_TRUE(n >= 18 || !result) << n;           // the magic
  }
}

}  // namespace
}  // namespace ringwall::conf
