// Ejection and return, the operator's overrides, and the queue, as checkouts meet them.
#include <gtest/gtest.h>

#include "tests/unit/upstream/support.h"

namespace ringwall::upstream {
namespace {

using Of = stats::BackendCounter;
using stats::Override;

class EjectionTest : public UpstreamTest {
 protected:
  EjectionTest() {
    add(a_);
    add(b_);
    app().eject_after = 2;
    app().eject_time = std::chrono::hours(1);
  }
  /// Fails backends until the first is ejected; the second always succeeds.
  void eject_first() {
    while (!backend(0).health().ejected()) {
      Pending pending = checkout();
      if (pending.lease().backend().name() == a_.name()) {
        pending.lease().failed(Failure::closed);
      } else {
        pending.lease().succeeded(1);
      }
    }
  }
  void wait_for_the_end_of_ejection() {
    turn_until([&] { return loop_->now() >= backend(0).health().ejected_until(); });
  }
  Server a_;
  Server b_;
};

TEST_F(EjectionTest, AnEjectedBackendGetsNothing) {
  commit();
  eject_first();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(chosen(), b_.name());
  EXPECT_EQ(number(0, Of::ejected), 1u);
  EXPECT_EQ(number(0, Of::ejections), 1u);
  EXPECT_EQ(number(0, Of::failures_in_a_row), 2u);
  EXPECT_EQ(number(0, Of::ejected_until_ns),
            static_cast<uint64_t>(backend(0).health().ejected_until().ns));
}

TEST_F(EjectionTest, AFailureAfterTheHeadCounts) {
  app().backends.pop_back();
  app().eject_after = 3;
  commit();
  for (int i = 0; i < 3; ++i) {
    Pending pending = checkout();
    pending.lease().succeeded(1);
    pending.lease().failed(Failure::cut);
  }
  EXPECT_TRUE(backend(0).health().ejected());
}

TEST_F(EjectionTest, OneTrialDecidesTheReturn) {
  app().eject_time = std::chrono::milliseconds(20);
  commit();
  eject_first();
  wait_for_the_end_of_ejection();
  Pending trial;
  do {
    trial = checkout();
  } while (trial.lease().backend().name() != a_.name());
  for (int i = 0; i < 10; ++i) EXPECT_EQ(chosen(), b_.name()) << "beside the trial";
  trial.lease().succeeded(1);
  EXPECT_EQ(number(0, Of::ejected), 0u);
  EXPECT_EQ(number(0, Of::ejected_until_ns), 0u);
  int to_a = 0;
  for (int i = 0; i < 10; ++i) to_a += chosen() == a_.name();
  EXPECT_EQ(to_a, 5);
}

TEST_F(EjectionTest, AFailedTrialEjectsForTwiceTheTime) {
  app().eject_time = std::chrono::milliseconds(20);
  commit();
  eject_first();
  base::Instant first = backend(0).health().ejected_until();
  wait_for_the_end_of_ejection();
  while (fail_one() != a_.name()) {
  }
  EXPECT_GE(backend(0).health().ejected_until() - first, std::chrono::milliseconds(40));
  EXPECT_EQ(number(0, Of::ejections), 2u);
}

TEST_F(EjectionTest, ATrialThatItsClientLeftIsFollowedByAnother) {
  app().eject_time = std::chrono::milliseconds(20);
  commit();
  eject_first();
  wait_for_the_end_of_ejection();
  while (chosen() != a_.name()) {
  }
  while (chosen() != a_.name()) {
  }
  EXPECT_TRUE(backend(0).health().ejected());
}

TEST_F(EjectionTest, WhenAllAreEjectedTheyAreTriedAllTheSame) {
  commit();
  for (int i = 0; i < 4; ++i) fail_one();
  ASSERT_TRUE(backend(0).health().ejected());
  ASSERT_TRUE(backend(1).health().ejected());
  Tried tried;
  Pending first = checkout(tried);
  Pending second = checkout(tried);
  ASSERT_TRUE(first.leased() && second.leased());
  EXPECT_EQ(checkout(tried).error(), CheckoutError::no_backend) << "once each";
  first.lease().succeeded(1);
  EXPECT_EQ(backend(0).health().ejected(), first.lease().backend().name() != a_.name());
}

TEST_F(EjectionTest, WhenAllAreEjectedTheDrainedOneIsNotTried) {
  commit();
  for (int i = 0; i < 4; ++i) fail_one();
  override_backend(0, Override::drain);
  for (int i = 0; i < 6; ++i) EXPECT_EQ(chosen(), b_.name());
}

TEST_F(EjectionTest, ADrainedBackendGetsNothingAndKeepsNothing) {
  commit();
  for (int i = 0; i < 2; ++i) leases_.push_back(std::move(checkout().lease()));
  base::UniqueFd theirs = a_.accept();
  for (Lease& lease : leases_) lease.keep();
  override_backend(0, Override::drain);
  for (int i = 0; i < 6; ++i) EXPECT_EQ(chosen(), b_.name());
  EXPECT_EQ(state_of(theirs), "closed");
  override_backend(1, Override::down);
  EXPECT_EQ(chosen(), "no backend");
  override_backend(0, Override::none);
  EXPECT_EQ(chosen(), a_.name());
}

TEST_F(EjectionTest, ADrainLetsTheExchangeUnderWayGoOnAndKeepsItsConnectionNot) {
  app().backends.pop_back();
  commit();
  Pending pending = checkout();
  base::UniqueFd theirs = a_.accept();
  override_backend(0, Override::drain);
  EXPECT_EQ(state_of(theirs), "open");
  pending.lease().keep();
  EXPECT_EQ(state_of(theirs), "closed");
}

TEST_F(EjectionTest, TheSweepClosesKeptConnectionsOfADrainedBackend) {
  app().backends.pop_back();
  commit();
  checkout().lease().keep();
  base::UniqueFd theirs = a_.accept();
  override_backend(0, Override::drain);
  turn_until([&] { return state_of(theirs) == "closed"; });
}

class QueueTest : public UpstreamTest {
 protected:
  QueueTest() {
    add(a_);
    app().connections_max = 1;
  }
  std::unique_ptr<Pending> begin_waiting(Tried& tried, io::Stop* stop = nullptr) {
    unsigned before = backend(0).waiting();
    auto pending = begin(tried, false, stop);
    turn_until([&] { return backend(0).waiting() > before; });
    return pending;
  }
  Server a_;
  Tried tried_[4];
};

TEST_F(QueueTest, TheOneWhoWaitsLongestGetsTheConnectionThatWasKept) {
  commit();
  Pending holder = checkout();
  auto first = begin_waiting(tried_[0]);
  auto second = begin_waiting(tried_[1]);
  EXPECT_EQ(number(0, Of::waiting), 2u);
  holder.lease().keep();
  turn_until([&] { return first->done(); });
  EXPECT_TRUE(first->lease().reused());
  EXPECT_FALSE(second->done());
  EXPECT_EQ(number(0, Of::active), 1u);
  first->lease().close();
  turn_until([&] { return second->done(); });
  EXPECT_FALSE(second->lease().reused());
  EXPECT_EQ(number(0, Of::waiting), 0u);
}

TEST_F(QueueTest, NobodyComesBetweenASlotAndItsWaiter) {
  commit();
  Pending holder = checkout();
  auto waiter = begin_waiting(tried_[0]);
  holder.lease().keep();
  auto late = begin(tried_[1]);
  turn_until([&] { return waiter->done(); });
  EXPECT_TRUE(waiter->leased());
  turn_until([&] { return backend(0).waiting() == 1; });
  waiter->lease().keep();
  turn_until([&] { return late->done(); });
}

TEST_F(QueueTest, WaitsNoLongerThanTheQueueTimeout) {
  app().queue_timeout = std::chrono::milliseconds(20);
  commit();
  Pending holder = checkout();
  EXPECT_EQ(checkout().error(), CheckoutError::queue_timeout);
  EXPECT_EQ(own_->block[stats::Counter::timeouts_queue].get(), 1u);
  holder.lease().keep();
  EXPECT_TRUE(checkout().leased());
}

TEST_F(QueueTest, AStopEndsTheWait) {
  commit();
  Pending holder = checkout();
  io::Stop stop;
  auto waiter = begin_waiting(tried_[0], &stop);
  stop.request();
  turn_until([&] { return waiter->done(); });
  EXPECT_EQ(waiter->error(), CheckoutError::stopped);
  EXPECT_EQ(backend(0).waiting(), 0u);
}

TEST_F(QueueTest, AFreeBackendComesBeforeAQueue) {
  Server b;
  add(b);
  commit();
  leases_.push_back(std::move(checkout().lease()));
  leases_.push_back(std::move(checkout().lease()));
  EXPECT_NE(leases_[0].backend().name(), leases_[1].backend().name());
}

TEST_F(QueueTest, WhoWaitsForADrainedBackendGoesElsewhere) {
  Server b;
  add(b);
  commit();
  for (int i = 0; i < 2; ++i) leases_.push_back(std::move(checkout().lease()));
  auto pending = begin(tried_[0]);
  turn_until([&] { return backend(0).waiting() + backend(1).waiting() == 1; });
  size_t queued = backend(0).waiting() == 1 ? 0 : 1;
  override_backend(queued, Override::drain);
  for (Lease& lease : leases_) lease.keep();
  turn_until([&] { return pending->done(); });
  EXPECT_EQ(pending->lease().backend().name(), backend(1 - queued).name());
}

TEST_F(QueueTest, AFailedConnectGivesItsSlotBack) {
  a_.close();
  commit();
  EXPECT_EQ(chosen(), "connect failed");
  EXPECT_EQ(backend(0).active(), 0u);
}

}  // namespace
}  // namespace ringwall::upstream
