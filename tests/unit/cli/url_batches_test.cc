#include "cli/url_batches.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/unit/cli/fake_daemon.h"

namespace ringwall::cli {
namespace {

using Urls = std::vector<std::string>;

struct File {
  TemporaryDirectory directory;
  std::string path = directory.path() + "/urls";

  UrlBatches holding(const std::string& text) {
    std::ofstream(path) << text;
    auto batches = UrlBatches::open(path);
    EXPECT_TRUE(batches);
    return std::move(*batches);
  }
};

TEST(UrlBatches, lines_are_urls_but_for_empty_ones_and_comments) {
  File file;
  UrlBatches batches = file.holding("http://a/1\n\n# of last night\n  http://a/2\t\r\nhttp://a/3");
  auto urls = batches.next();
  ASSERT_TRUE(urls);
  EXPECT_EQ(*urls, (Urls{"http://a/1", "http://a/2", "http://a/3"}));
  EXPECT_TRUE(batches.next()->empty());
  EXPECT_TRUE(file.holding("").next()->empty());
}

TEST(UrlBatches, a_long_file_comes_in_bounded_pieces) {
  File file;
  std::string text;
  for (int i = 0; i < 2500; ++i) text += "http://a/" + std::to_string(i) + "\n";
  UrlBatches batches = file.holding(text);
  std::vector<size_t> sizes;
  std::string last;
  for (auto urls = batches.next(); !urls->empty(); urls = batches.next()) {
    sizes.push_back(urls->size());
    last = urls->back();
  }
  EXPECT_EQ(sizes, (std::vector<size_t>{1000, 1000, 500}));
  EXPECT_EQ(last, "http://a/2499");

  std::string long_one = "http://a/" + std::string(60'000, 'x') + "\n";
  text.clear();
  for (int i = 0; i < 30; ++i) text += long_one;
  UrlBatches of_long_ones = file.holding(text);
  size_t count = 0;
  for (auto urls = of_long_ones.next(); !urls->empty(); urls = of_long_ones.next()) {
    EXPECT_LE(urls->size() * long_one.size(), UrlBatches::bytes_max + long_one.size());
    count += urls->size();
  }
  EXPECT_EQ(count, 30u);
}

TEST(UrlBatches, what_is_no_list_of_urls_is_given_up_with_its_line) {
  File file;
  UrlBatches batches = file.holding("http://a/\n" + std::string(1'000'000, 'x'));
  auto urls = batches.next();
  ASSERT_FALSE(urls);
  EXPECT_EQ(urls.error().what, file.path + ": line 2 is too long for a URL");
  EXPECT_FALSE(UrlBatches::open(file.directory.path() + "/missing"));
}

}  // namespace
}  // namespace ringwall::cli
