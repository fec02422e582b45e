#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "conf/load.h"
#include "tests/unit/conf/config_text.h"

namespace ringwall::conf {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class Include : public testing::Test {
 protected:
  void file(const std::string& path, const std::string& text) { files_.files[path] = text; }
  void glob(const std::string& pattern, std::vector<std::string> paths) {
    files_.globbed[pattern] = std::move(paths);
  }
  LoadResult load_it() { return load("/etc/r/main.toml", files_); }
  std::vector<std::string> errors() {
    std::vector<std::string> lines;
    for (const Problem& error : load_it().errors) lines.push_back(error.text());
    return lines;
  }

 private:
  Bundle files_;
};

TEST_F(Include, files_become_one_config) {
  file("/etc/r/main.toml",
       "include = [\"sites/*.toml\", \"/etc/up.toml\"]\n"
       "[[listener]]\naddress = \":80\"\n[http]\nvia = \"x\"\n");
  glob("/etc/r/sites/*.toml", {"/etc/r/sites/a.toml", "/etc/r/sites/b.toml"});
  file("/etc/r/sites/a.toml",
       "[[route]]\nhost = \"a\"\nupstream = \"one\"\n[log]\nerror_file = \"e\"\n");
  file("/etc/r/sites/b.toml",
       "[[route]]\nhost = \"b\"\nupstream = \"two\"\n"
       "[upstream.two]\nbackends = [\"1.2.3.4:2\"]\n");
  file("/etc/up.toml",
       "[upstream.one]\nbackends = [\"1.2.3.4:1\"]\n[http]\nidle_timeout = \"7s\"\n");
  LoadResult result = load_it();
  ASSERT_TRUE(result.ok()) << result.error_text();
  EXPECT_EQ(result.config->routes.size(), 2u);
  EXPECT_EQ(result.config->upstreams.size(), 2u);
  EXPECT_EQ(result.config->http.via, "x");
  EXPECT_EQ(result.config->http.idle_timeout, std::chrono::seconds(7));
  EXPECT_EQ(result.config->log.error_file, "/etc/r/sites/e");
}

TEST_F(Include, a_pattern_may_match_nothing_but_a_name_must_be_there) {
  file("/etc/r/main.toml", "include = [\"no*\", \"gone.toml\"]\n[[listener]]\naddress = \":80\"\n");
  glob("/etc/r/no*", {});
  EXPECT_THAT(errors(),
              ElementsAre("/etc/r/main.toml:1:19: include: \"/etc/r/gone.toml\" is not in "
                          "the bundle"));
}

TEST_F(Include, circles_are_refused_with_their_chain) {
  file("/etc/r/main.toml", "include = [\"a.toml\"]\n[[listener]]\naddress = \":80\"\n");
  file("/etc/r/a.toml", "include = [\"./b.toml\"]\n");
  file("/etc/r/b.toml", "include = [\"main.toml\"]\n");
  EXPECT_THAT(errors(),
              ElementsAre("/etc/r/b.toml:1:12: include: files include each other in a circle: "
                          "/etc/r/main.toml → /etc/r/a.toml → /etc/r/b.toml → /etc/r/main.toml; "
                          "remove one of them"));
}

TEST_F(Include, a_file_that_includes_itself_under_ever_longer_names_ends) {
  file("/etc/r/main.toml", "include = [\"../r/main.toml\"]\n[[listener]]\naddress = \":80\"\n");
  std::string name = "/etc/r/";
  for (int i = 0; i < 1100; ++i) {
    name += "../r/";
    file(name + "main.toml", "include = [\"../r/main.toml\"]\n");
  }
  ASSERT_EQ(errors().size(), 1u);
  EXPECT_THAT(errors()[0], HasSubstr("more than 1000 files"));
}

TEST_F(Include, what_is_set_in_two_files_is_refused) {
  file("/etc/r/main.toml",
       "include = [\"a.toml\"]\n[[listener]]\naddress = \":80\"\n"
       "[cache]\nsize = \"64MiB\"\n[upstream.x]\nbackends = [\"1.2.3.4:1\"]\n");
  file("/etc/r/a.toml", "[cache]\nsize = \"32MiB\"\n[upstream.x]\nbackends = [\"1.2.3.4:2\"]\n");
  EXPECT_THAT(errors(),
              ElementsAre("/etc/r/a.toml:2:1: cache.size: is set at /etc/r/main.toml:5 too; remove "
                          "one of them",
                          "/etc/r/a.toml:3:11: upstream.x: is set at /etc/r/main.toml:6 too; "
                          "remove one of them"));
}

TEST_F(Include, errors_of_all_files_are_shown_and_none_is_invented) {
  // The upstream may stand in the file that cannot be read: it is not called unknown.
  file("/etc/r/main.toml",
       "include = [\"bad.toml\", \"other.toml\"]\n[[listener]]\n"
       "address = \":80\"\n[[route]]\nupstream = \"app\"\n[cache]\nsize = 5\n");
  file("/etc/r/bad.toml", "[upstream.app\n");
  file("/etc/r/other.toml", "[http]\nvai = \"x\"\n");
  std::vector<std::string> found = errors();
  ASSERT_EQ(found.size(), 3u);
  EXPECT_THAT(found, testing::Contains(HasSubstr("bad.toml:1:")));
  EXPECT_THAT(found, testing::Contains(HasSubstr("other.toml:2:1: http.vai: unknown key")));
  EXPECT_THAT(found, testing::Contains(HasSubstr("main.toml:7:8: cache.size")));
}

TEST_F(Include, a_file_included_twice_is_refused) {
  file("/etc/r/main.toml", "include = [\"a.toml\", \"a.toml\"]\n[[listener]]\naddress = \":80\"\n");
  file("/etc/r/a.toml", "");
  EXPECT_THAT(errors(), ElementsAre("/etc/r/main.toml:1:22: include: \"/etc/r/a.toml\" is included "
                                    "twice; remove one of them"));
}

}  // namespace
}  // namespace ringwall::conf
