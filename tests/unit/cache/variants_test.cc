// Several responses of one key, and what a lookup gives beside its way.
#include "cache/variants.h"

#include "tests/unit/cache/cache_fixture.h"

namespace ringwall::cache::test {
namespace {

class VariantsTest : public CacheTest {
 protected:
  void SetUp() override {
    open();
    a_ = worker(0);
    b_ = worker(1);
  }
  /// Which variant the worker's fields find, by the size it was stored with; 0: none.
  static uint64_t size_for(Worker& worker, const Fields& fields) {
    worker.fields = fields;
    const auto hit = worker.store().peek(worker.lookup("k"));
    return hit ? hit->content_length() : 0;
  }
  static std::string selectors_of_found(Found& found) {
    const auto* hit = std::get_if<Hit>(&found.way);
    return hit == nullptr ? "no hit" : std::string(hit->selectors());
  }

  std::unique_ptr<Worker> a_;
  std::unique_ptr<Worker> b_;
};

TEST_F(VariantsTest, each_request_finds_the_response_that_its_fields_select) {
  ASSERT_TRUE(a_->put_variant("k", 100, {{"lang", "de"}}));
  ASSERT_TRUE(a_->put_variant("k", 200'000, {{"lang", "en"}}));
  EXPECT_EQ(size_for(*b_, {{"lang", "de"}}), 100u);
  EXPECT_EQ(size_for(*b_, {{"lang", "en"}}), 200'000u);
  EXPECT_EQ(size_for(*b_, {{"lang", "fr"}}), 0u);
  b_->fields = {{"lang", "en"}};
  Found found = b_->find("k");
  EXPECT_EQ(selectors_of_found(found), "lang=en;");
  EXPECT_TRUE(b_->proves("k", 200'000));
  EXPECT_EQ(a_->store().usage().objects, 2u);
  found.way = Busy::lock;
  expect_nothing_lost(a_->store());
}

TEST_F(VariantsTest, a_miss_tells_that_there_are_others) {
  b_->fields = {{"lang", "fr"}};
  EXPECT_FALSE(b_->find("k").variants);
  ASSERT_TRUE(a_->put_variant("k", 100, {{"lang", "de"}}));
  EXPECT_TRUE(b_->find("k").variants);
  b_->fields = {{"lang", "de"}};
  EXPECT_FALSE(b_->find("k").variants);
}

TEST_F(VariantsTest, a_fill_is_followed_only_by_requests_whose_fields_are_its_own) {
  ASSERT_TRUE(a_->put_variant("k", 100, {{"lang", "de"}}));
  a_->fields = {{"lang", "fr"}};
  auto fill = a_->permit("k");
  b_->fields = {{"lang", "fr"}};
  EXPECT_TRUE(b_->follow("k"));
  b_->fields = {{"lang", "en"}};
  auto other = b_->permit("k");
  ASSERT_TRUE(other) << "a request for another variant fills for itself";
  ASSERT_TRUE(Worker::complete(*fill, "k", 300, true, {"lang=fr;", {}}));
  ASSERT_TRUE(Worker::complete(*other, "k", 400, false, {"lang=en;", {}}));
  fill.reset();
  other.reset();
  EXPECT_EQ(size_for(*a_, {{"lang", "de"}}), 100u);
  EXPECT_EQ(size_for(*a_, {{"lang", "fr"}}), 300u);
  EXPECT_EQ(size_for(*a_, {{"lang", "en"}}), 400u);
  expect_nothing_lost(a_->store());
}

TEST_F(VariantsTest, a_first_fill_fits_everybody_until_its_head_says_otherwise) {
  a_->fields = {{"lang", "de"}};
  b_->fields = {{"lang", "en"}};
  auto fill = a_->permit("k");
  auto follow = b_->follow("k");
  ASSERT_TRUE(follow);
  ASSERT_TRUE(fill->begin_head({}, "head", 3, {"lang=de;", {}}));
  EXPECT_EQ(follow->selectors(), "lang=de;");
  auto own = b_->permit("k");
  ASSERT_TRUE(own) << "who looks again fills for itself";
  auto third = worker(2);
  third->fields = {{"lang", "fr"}};
  EXPECT_TRUE(third->permit("k")) << "and not by a wrong model";
}

TEST_F(VariantsTest, labels_may_be_long_and_differ_from_what_was_described) {
  const std::string value(4000, 'v');
  std::vector<uint64_t> tags(255);
  for (size_t i = 0; i < tags.size(); ++i) tags[i] = i * 1000;
  ASSERT_TRUE(a_->put_variant("k", 100, {{"lang", value}}));
  for (const bool known : {true, false}) {
    for (const size_t size : {0, 500, 3000, 10'000, 100'000}) {
      a_->fields = {{"lang", "w" + value.substr(2)}};
      const std::string selectors = "lang=" + a_->fields["lang"] + ";";
      ASSERT_TRUE(a_->put("k", size, known, never, {selectors, tags}));
      EXPECT_TRUE(a_->proves("k", size)) << size;
      EXPECT_EQ(a_->hit("k")->selectors(), selectors);
      EXPECT_EQ(breaches(a_->store()), "");
      a_->fields = {{"other", value}};
      ASSERT_TRUE(a_->put("k", size, known, never, {"other=" + value + ";", tags}));
      EXPECT_TRUE(a_->proves("k", size)) << size;
      EXPECT_EQ(a_->hit("k")->selectors(), "other=" + value + ";");
    }
  }
  expect_nothing_lost(a_->store());
}

TEST_F(VariantsTest, equal_selectors_replace_and_none_replace_all) {
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(a_->put_variant("k", 100 + static_cast<size_t>(i), {{"n", std::to_string(i)}}));
  }
  EXPECT_EQ(a_->store().usage().objects, 10u);
  a_->fields = {{"n", "3"}};
  ASSERT_TRUE(a_->put("k", 50, true, never, {"n=3;", {}}));
  EXPECT_EQ(a_->store().usage().objects, 10u);
  EXPECT_EQ(size_for(*b_, {{"n", "3"}}), 50u);
  ASSERT_TRUE(a_->put("k", 60, true, never));
  EXPECT_EQ(a_->store().usage().objects, 1u) << "what fits every request leaves nothing to select";
  EXPECT_EQ(size_for(*b_, {{"n", "7"}}), 60u);
  EXPECT_EQ(a_->store().usage().limbo, 0u);
  ASSERT_TRUE(a_->put("k", 70, true, never, {"n=3;", {}}));
  EXPECT_EQ(a_->store().usage().objects, 1u) << "nor does it stay beside what is selected";
  expect_nothing_lost(a_->store());
}

TEST_F(VariantsTest, of_a_bounded_number_the_one_used_longest_ago_goes) {
  a_->variants_max = 3;
  for (const char* n : {"0", "1", "2"}) ASSERT_TRUE(a_->put_variant("k", 10, {{"n", n}}));
  a_->fields = {{"n", "0"}};
  EXPECT_TRUE(a_->hit("k"));
  ASSERT_TRUE(a_->put_variant("k", 10, {{"n", "3"}}));
  EXPECT_EQ(a_->store().usage().objects, 3u);
  EXPECT_EQ(size_for(*b_, {{"n", "0"}}), 10u);
  EXPECT_EQ(size_for(*b_, {{"n", "1"}}), 0u);
  expect_nothing_lost(a_->store());
}

TEST_F(VariantsTest, of_two_that_match_the_youngest_counts) {
  ASSERT_TRUE(a_->put_variant("k", 100, {{"lang", "de"}}));
  a_->fields = {{"lang", "fr"}, {"device", "phone"}};
  ASSERT_TRUE(a_->put("k", 200, true, always, {"device=phone;", {}}));
  EXPECT_EQ(size_for(*b_, {{"lang", "de"}, {"device", "phone"}}), 200u);
  EXPECT_EQ(size_for(*b_, {{"lang", "de"}}), 100u);
}

TEST_F(VariantsTest, what_may_not_answer_as_it_is_stands_beside_the_fill) {
  ASSERT_TRUE(a_->put("k", 100));
  Found found = a_->find("k", never);
  auto* fill = std::get_if<Fill>(&found.way);
  ASSERT_NE(fill, nullptr);
  ASSERT_TRUE(found.stored);
  EXPECT_EQ(read_content(*found.stored, 0, 100), content_of("k", 100));
  EXPECT_EQ(a_->store().usage().pinned, 2u);
  Found second = b_->find("k", never);
  EXPECT_TRUE(std::holds_alternative<Follow>(second.way));
  EXPECT_TRUE(second.stored);
  EXPECT_TRUE(b_->hit("k")) << "who may be served is";
  ASSERT_TRUE(Worker::complete(*fill, "k", 50));
  EXPECT_EQ(read_content(*second.stored, 0, 100), content_of("k", 100));
  found = {Busy::lock, {}, {}, false};
  second = {Busy::lock, {}, {}, false};
  EXPECT_TRUE(b_->proves("k", 50));
  expect_nothing_lost(a_->store());
}

TEST_F(VariantsTest, beside_a_marker_too_unless_the_head_is_there) {
  ASSERT_TRUE(a_->put_variant("k", 100, {{"lang", "de"}}));
  a_->fields = {{"lang", "fr"}};
  a_->permit("k")->uncacheable(60);
  EXPECT_EQ(a_->busy("k"), Busy::marked);
  a_->fields = {{"lang", "de"}};
  EXPECT_TRUE(a_->hit("k")) << "a stored response answers all the same";
  Found found = a_->find("k", never);
  EXPECT_EQ(std::get<Busy>(found.way), Busy::marked);
  EXPECT_TRUE(found.stored);
  Lookup lookup = a_->lookup("k", never);
  lookup.despite_marker = true;
  found = a_->store().find(lookup);
  ASSERT_TRUE(std::holds_alternative<Fill>(found.way));
  EXPECT_TRUE(Worker::complete(std::get<Fill>(found.way), "k", 10));
  EXPECT_EQ(a_->store().usage().markers, 0u);
  found = {Busy::lock, {}, {}, false};
  expect_nothing_lost(a_->store());
}

TEST_F(VariantsTest, uncacheable_removes_what_it_was_to_replace_and_a_dropped_fill_does_not) {
  for (const uint32_t remember_s : {0u, 60u}) {
    ASSERT_TRUE(a_->put("k", 100));
    { auto dropped = a_->permit("k", never); }
    EXPECT_TRUE(a_->has("k"));
    a_->permit("k", never)->uncacheable(remember_s);
    EXPECT_FALSE(a_->has("k"));
    EXPECT_EQ(a_->store().usage().limbo, 0u);
  }
  expect_nothing_lost(a_->store());
}

TEST_F(VariantsTest, the_permit_to_refresh_is_given_once) {
  ASSERT_TRUE(a_->put("k", 100));
  Found first = a_->find("k", refreshing);
  EXPECT_TRUE(std::holds_alternative<Hit>(first.way));
  ASSERT_TRUE(first.refresh);
  Found second = b_->find("k", refreshing);
  EXPECT_TRUE(std::holds_alternative<Hit>(second.way));
  EXPECT_FALSE(second.refresh);
  EXPECT_EQ(a_->find("k", refreshing).refresh.has_value(), false);
  first.refresh.reset();
  second = b_->find("k", refreshing);
  ASSERT_TRUE(second.refresh) << "the first refresh has ended";
  ASSERT_TRUE(Worker::complete(*second.refresh, "k", 200));
  second = {Busy::lock, {}, {}, false};
  first = {Busy::lock, {}, {}, false};
  EXPECT_TRUE(a_->proves("k", 200));
  expect_nothing_lost(a_->store());
}

TEST_F(VariantsTest, the_rule_sees_hits_and_until_when_a_refresh_is_held_off) {
  ASSERT_TRUE(a_->put("k", 100));
  a_->hit("k")->hold_off(1234);
  Lookup lookup = b_->lookup("k");
  lookup.use = [](const Candidate& candidate, const void*) {
    return candidate.hits == 1 && candidate.held_off_until == 1234 && !candidate.purged_soft
               ? Use::serve
               : Use::alone;
  };
  EXPECT_TRUE(std::holds_alternative<Hit>(b_->store().find(lookup).way));
  EXPECT_TRUE(std::holds_alternative<Busy>(b_->store().find(lookup).way)) << "now it has two";
}

TEST_F(VariantsTest, alone_gives_the_response_and_neither_permit_nor_fill) {
  ASSERT_TRUE(a_->put("k", 100));
  auto fill = a_->permit("k", never);
  Found found = b_->find("k", alone);
  EXPECT_EQ(std::get<Busy>(found.way), Busy::alone);
  ASSERT_TRUE(found.stored);
  EXPECT_EQ(found.stored->head(), head_for("k"));
}

TEST_F(VariantsTest, inspecting_a_key_lists_all_there_is_of_it) {
  ASSERT_TRUE(a_->put_variant("k", 100, {{"lang", "de"}}));
  ASSERT_TRUE(a_->put_variant("k", 200, {{"lang", "en"}}));
  ASSERT_TRUE(a_->put("other", 10));
  a_->hit("k")->hold_off(77);
  a_->fields = {{"lang", "fr"}};
  a_->permit("k")->uncacheable(60);
  Lookup lookup = a_->lookup("k");
  lookup.despite_marker = true;
  Found filling = a_->store().find(lookup);
  ASSERT_TRUE(std::get<Fill>(filling.way).begin_head({}, "head", 9, {"lang=fr;", {}}));
  std::vector<std::string> seen;
  observer().inspect(
      "k",
      [](const Store::Listed& entry, void* context) {
        static_cast<std::vector<std::string>*>(context)->push_back(
            std::to_string(static_cast<int>(entry.kind)) + std::string(entry.selectors) +
            std::to_string(entry.content_length) + "/" + std::to_string(entry.held_off_until) +
            "/" + std::to_string(entry.marked_until) + "/" + std::to_string(entry.head.size()));
        EXPECT_EQ(entry.key, "k");
      },
      &seen);
  const std::string head = std::to_string(head_for("k").size());
  EXPECT_EQ(seen,
            (std::vector<std::string>{"1lang=fr;0/0/0/0", "20/0/1060/0",
                                      "0lang=en;200/77/0/" + head, "0lang=de;100/0/0/" + head}));
}

}  // namespace
}  // namespace ringwall::cache::test
