#include "daemon/upstream/upstreams.h"

#include <gtest/gtest.h>

#include "tests/unit/upstream/support.h"

namespace ringwall::upstream {
namespace {

using Of = stats::BackendCounter;

class UpstreamsTest : public UpstreamTest {
 protected:
  UpstreamsTest() {
    add(a_);
    add(b_);
  }
  void remove_second() { app().backends.pop_back(); }
  /// One kept connection to each backend, as the servers see them.
  void keep_both() {
    for (int i = 0; i < 2; ++i) leases_.push_back(std::move(checkout().lease()));
    for (Lease& lease : leases_) lease.keep();
    leases_.clear();
    to_a_ = a_.accept();
    to_b_ = b_.accept();
  }
  Server a_;
  Server b_;
  base::UniqueFd to_a_;
  base::UniqueFd to_b_;
};

TEST_F(UpstreamsTest, AReloadKeepsConnectionsHealthAndCounts) {
  app().eject_after = 1;
  app().eject_time = std::chrono::hours(1);
  commit();
  keep_both();
  std::shared_ptr<const Set> old = set_;  // an exchange holds the generation it began with
  Pending open = checkout();
  size_t failed = open.lease().backend().name() == a_.name() ? 0 : 1;
  open.lease().failed(Failure::closed);
  ASSERT_TRUE(backend(failed).health().ejected());

  app().backends[0].weight = 5;
  app().pool_size = 7;
  config_.upstreams.push_back(defaults());
  config_.upstreams[1].name = "other";
  commit();
  EXPECT_EQ(upstream().settings().pool_size, 7u);
  EXPECT_TRUE(backend(failed).health().ejected());
  EXPECT_EQ(backend(failed).active(), 1u);
  Pending next = checkout();
  EXPECT_EQ(next.lease().backend().name(), backend(1 - failed).name());
  EXPECT_TRUE(next.lease().reused());
}

TEST_F(UpstreamsTest, AnExchangeFinishesOnTheGenerationItBeganWith) {
  commit();
  std::shared_ptr<const Set> old = set_;
  Pending pending = checkout();
  for (int i = 0; i < 3; ++i) commit();
  pending.lease().keep();
  EXPECT_EQ(number(0, Of::kept) + number(1, Of::kept), 1u);
  EXPECT_EQ(number(0, Of::active) + number(1, Of::active), 0u);
}

TEST_F(UpstreamsTest, PreparingChangesNothingThatServes) {
  commit();
  keep_both();
  std::shared_ptr<const Set> serving = set_;
  remove_second();
  auto prepared = upstreams_->prepare(config_);
  ASSERT_TRUE(prepared.ok());
  EXPECT_EQ(state_of(to_b_), "open");
  prepared = base::fail("given up");
  EXPECT_EQ(state_of(to_b_), "open");
  EXPECT_TRUE(checkout().lease().reused());
  EXPECT_TRUE(checkout().lease().reused());
}

TEST_F(UpstreamsTest, ABackendThatIsGoneKeepsNothing) {
  commit();
  keep_both();
  remove_second();
  commit();
  EXPECT_EQ(state_of(to_a_), "open");
  EXPECT_EQ(state_of(to_b_), "closed");
}

TEST_F(UpstreamsTest, AnExchangeWithABackendThatIsGoneClosesItsConnectionAtTheEnd) {
  commit();
  std::shared_ptr<const Set> old = set_;
  Pending first = checkout();
  Pending second = checkout();
  Pending& with_b = first.lease().backend().name() == b_.name() ? first : second;
  remove_second();
  commit();
  base::UniqueFd theirs = b_.accept();
  EXPECT_EQ(state_of(theirs), "open");
  with_b.lease().keep();
  EXPECT_EQ(state_of(theirs), "closed");
}

TEST_F(UpstreamsTest, ABackendThatComesBackWhileItsLastExchangeRunsIsTheSame) {
  commit();
  std::shared_ptr<const Set> old = set_;
  const Backend* before = &backend(1);
  conf::Backend settings = app().backends[1];
  remove_second();
  commit();
  app().backends.push_back(settings);
  commit();
  EXPECT_EQ(&backend(1), before);
  keep_both();
  EXPECT_EQ(number(1, Of::kept), 1u);
}

TEST_F(UpstreamsTest, ABackendThatComesBackAtAnotherPlaceIsCountedThere) {
  commit();
  std::shared_ptr<const Set> old = set_;
  conf::Backend settings = app().backends[1];
  remove_second();
  commit();
  std::vector<uint32_t> named = {index_of(0)};
  segment_.keep_only(named);
  conf::Backend third;
  third.name = "127.0.0.1:1";
  third.address = address(third.name);
  app().backends.push_back(third);
  app().backends.push_back(settings);
  commit();
  EXPECT_EQ(backend(2).index(), index_of(2));
}

TEST_F(UpstreamsTest, ABackendWithoutPlaceIsAnError) {
  auto prepared = upstreams_->prepare(config_);
  ASSERT_FALSE(prepared.ok());
  EXPECT_NE(prepared.error().what.find(a_.name()), std::string::npos);
}

TEST_F(UpstreamsTest, GaugesOfABackendThatIsGoneAreZero) {
  app().eject_after = 1;
  app().eject_time = std::chrono::hours(1);
  commit();
  uint32_t index = index_of(1);
  while (fail_one() != b_.name()) {
  }
  EXPECT_EQ(segment_.read_backend(index)[Of::ejected], 1u);
  remove_second();
  commit();
  EXPECT_EQ(segment_.read_backend(index)[Of::ejected], 0u);
  EXPECT_EQ(segment_.read_backend(index)[Of::failures], 1u);
}

TEST_F(UpstreamsTest, ClosingClosesWhatIsKept) {
  commit();
  keep_both();
  run(upstreams_->close());
  EXPECT_EQ(state_of(to_a_), "closed");
  EXPECT_EQ(state_of(to_b_), "closed");
}

}  // namespace
}  // namespace ringwall::upstream
