// Choice, connecting and retries of Upstream::checkout.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <map>

#include "tests/unit/upstream/support.h"

namespace ringwall::upstream {
namespace {

using Of = stats::BackendCounter;
using Balance = conf::Upstream::Balance;

class CheckoutTest : public UpstreamTest {};

TEST_F(CheckoutTest, FollowsTheWeightsExactly) {
  Server a, b, c;
  add(a, 3);
  add(b, 1);
  add(c, 2);
  commit();
  std::map<std::string, int> counts;
  for (int i = 0; i < 24; ++i) ++counts[chosen()];
  EXPECT_EQ(counts, (std::map<std::string, int>{{a.name(), 12}, {b.name(), 4}, {c.name(), 8}}));
  EXPECT_EQ(number(0, Of::requests), 12u);
  EXPECT_EQ(number(1, Of::requests), 4u);
  EXPECT_EQ(number(2, Of::requests), 8u);
}

TEST_F(CheckoutTest, LeastConnectionsCountsWhatIsUnderWayHere) {
  Server a, b;
  add(a, 2);
  add(b, 1);
  app().balance = Balance::least_connections;
  commit();
  for (int i = 0; i < 9; ++i) leases_.push_back(std::move(checkout().lease()));
  EXPECT_EQ(number(0, Of::active), 6u);
  EXPECT_EQ(number(1, Of::active), 3u);
  std::erase_if(leases_, [&](const Lease& lease) { return lease.backend().name() == b.name(); });
  EXPECT_EQ(number(1, Of::active), 0u);
  for (int i = 0; i < 3; ++i) {
    leases_.push_back(std::move(checkout().lease()));
    EXPECT_EQ(leases_.back().backend().name(), b.name());
  }
}

TEST_F(CheckoutTest, GoesToTheNextBackendWhenOneRefuses) {
  Server dead, alive;
  dead.close();
  add(dead);
  add(alive);
  commit();
  for (int i = 0; i < 4; ++i) EXPECT_EQ(chosen(), alive.name());
  EXPECT_EQ(number(0, Of::failures), 2u);
  EXPECT_EQ(number(0, Of::connect_failures), 2u);
  EXPECT_EQ(number(0, Of::requests), 0u);
  EXPECT_EQ(number(0, Of::active), 0u);
  EXPECT_EQ(own_->block[stats::Counter::upstream_failed_connect].get(), 2u);
}

TEST_F(CheckoutTest, TriesNoMoreBackendsThanRetriesAllow) {
  Server a, b, c;
  for (Server* server : {&a, &b, &c}) {
    server->close();
    add(*server);
  }
  app().retries = 1;
  commit();
  Tried tried;
  Pending pending = checkout(tried);
  EXPECT_EQ(pending.error(), CheckoutError::connect_failed);
  EXPECT_EQ(tried.size(), 2u);
  EXPECT_FALSE(upstream().may_retry(tried));
  EXPECT_EQ(checkout(tried).error(), CheckoutError::no_backend);
}

TEST_F(CheckoutTest, NeverReturnsToATriedBackend) {
  Server a, b;
  add(a);
  add(b);
  commit();
  Tried tried;
  std::string first = checkout(tried).lease().backend().name();
  EXPECT_NE(checkout(tried).lease().backend().name(), first);
  EXPECT_EQ(checkout(tried).error(), CheckoutError::no_backend);
}

TEST_F(CheckoutTest, AFreshOneGoesToTheBackendTriedLast) {
  Server a, b;
  add(a);
  add(b);
  commit();
  Tried tried;
  std::string first;
  {
    Pending pending = checkout(tried);
    first = pending.lease().backend().name();
    pending.lease().keep();
  }
  Pending fresh = checkout(tried, true);
  EXPECT_EQ(fresh.lease().backend().name(), first);
  EXPECT_FALSE(fresh.lease().reused());
  EXPECT_EQ(tried.size(), 1u);
}

TEST_F(CheckoutTest, AFreshOneGoesElsewhereWhenThatBackendIsDrained) {
  Server a, b;
  add(a);
  add(b);
  commit();
  Tried tried;
  Pending first = checkout(tried);
  override_backend(first.lease().backend().name() == a.name() ? 0 : 1, stats::Override::drain);
  Pending fresh = checkout(tried, true);
  EXPECT_NE(fresh.lease().backend().name(), first.lease().backend().name());
  EXPECT_EQ(tried.size(), 2u);
}

TEST_F(CheckoutTest, GivesUpOnASilentBackendAfterTheConnectTimeout) {
  Server silent("127.0.0.1:0", 0);
  silent.fall_silent();
  add(silent);
  app().connect_timeout = std::chrono::milliseconds(50);
  commit();
  Pending pending = checkout();
  EXPECT_EQ(pending.error(), CheckoutError::connect_timeout);
  EXPECT_EQ(own_->block[stats::Counter::timeouts_connect].get(), 1u);
  EXPECT_EQ(number(0, Of::active), 0u);
}

TEST_F(CheckoutTest, AStopEndsTheConnectAndIsNoFailure) {
  Server silent("127.0.0.1:0", 0);
  silent.fall_silent();
  add(silent);
  commit();
  Tried tried;
  io::Stop stop;
  auto pending = begin(tried, false, &stop);
  turn_until([&] { return backend(0).active() == 1; });
  stop.request();
  turn_until([&] { return pending->done(); });
  EXPECT_EQ(pending->error(), CheckoutError::stopped);
  EXPECT_EQ(number(0, Of::failures), 0u);
  EXPECT_EQ(number(0, Of::active), 0u);
}

TEST_F(CheckoutTest, AShortageOfOurOwnIsNoFailureOfTheBackend) {
  Server a;
  add(a);
  app().eject_after = 1;
  app().eject_time = std::chrono::hours(1);
  commit();
  rlimit before = {};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit none = {.rlim_cur = 3, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  CheckoutError error = checkout().error();
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(error, CheckoutError::connect_failed);
  EXPECT_EQ(number(0, Of::failures), 0u);
  EXPECT_FALSE(backend(0).health().ejected());
}

TEST_F(CheckoutTest, ReachesUnixSockets) {
  std::string path = testing::TempDir() + "ringwall_up_" + std::to_string(::getpid());
  Server local("unix:" + path);
  add(local);
  commit();
  EXPECT_EQ(chosen(), "unix:" + path);
  ::unlink(path.c_str());
}

TEST_F(CheckoutTest, ANameWithoutAddressIsNoBackendUntilItHasOne) {
  Server a;
  add_named("app.example", a.address().port());
  commit();
  EXPECT_EQ(chosen(), "no backend");
  std::vector<base::Address> all = {address("127.0.0.1:0")};
  table_->write(index_of(0), "app.example", all);
  EXPECT_EQ(chosen(), app().backends[0].name);
  EXPECT_TRUE(a.has_connection());
  table_->clear(index_of(0));
  EXPECT_EQ(chosen(), app().backends[0].name) << "what was known stands";
}

TEST_F(CheckoutTest, TriesTheAddressesOfANameInTurn) {
  Server first("127.0.0.1:0");
  std::string port = std::to_string(first.address().port());
  Server second("127.0.0.2:" + port);
  add_named("app.example", first.address().port());
  commit();
  std::vector<base::Address> all = {address("127.0.0.1:0"), address("127.0.0.2:0"),
                                    address("127.0.0.3:0")};
  table_->write(index_of(0), "app.example", all);
  std::map<std::string, int> counts;
  for (int i = 0; i < 9; ++i) ++counts[checkout().lease().address().ip()];
  EXPECT_EQ(counts, (std::map<std::string, int>{{"127.0.0.1", 6}, {"127.0.0.2", 3}}))
      << "127.0.0.3 refuses and is followed by 127.0.0.1";
  EXPECT_EQ(number(0, Of::failures), 0u);
}

TEST_F(CheckoutTest, ASilentAddressLeavesTimeForTheNext) {
  Server silent("127.0.0.1:0", 0);
  silent.fall_silent();
  Server good("127.0.0.2:" + std::to_string(silent.address().port()));
  add_named("app.example", silent.address().port());
  app().connect_timeout = std::chrono::milliseconds(200);
  commit();
  std::vector<base::Address> all = {address("127.0.0.1:0"), address("127.0.0.2:0")};
  table_->write(index_of(0), "app.example", all);
  EXPECT_EQ(checkout().lease().address().ip(), "127.0.0.2");
}

}  // namespace
}  // namespace ringwall::upstream
