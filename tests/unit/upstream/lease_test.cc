// Kept connections: what becomes of a connection when its lease ends.
#include "daemon/upstream/lease.h"

#include <gtest/gtest.h>

#include "tests/unit/upstream/support.h"

namespace ringwall::upstream {
namespace {

using Of = stats::BackendCounter;

class LeaseTest : public UpstreamTest {
 protected:
  LeaseTest() { add(server_); }
  /// A connection of ours that is kept, as the server sees it.
  base::UniqueFd keep_one() {
    checkout().lease().keep();
    return server_.accept();
  }
  Server server_;
};

TEST_F(LeaseTest, AKeptConnectionIsUsedAgain) {
  commit();
  base::UniqueFd theirs = keep_one();
  EXPECT_EQ(number(0, Of::kept), 1u);
  Pending again = checkout();
  EXPECT_TRUE(again.lease().reused());
  EXPECT_FALSE(server_.has_connection());
  EXPECT_EQ(number(0, Of::kept), 0u);
  EXPECT_EQ(number(0, Of::connects), 1u);
  EXPECT_EQ(number(0, Of::reused), 1u);
  EXPECT_EQ(number(0, Of::requests), 2u);
}

TEST_F(LeaseTest, AConnectionThatIsNotKeptIsClosed) {
  commit();
  { Pending dropped = checkout(); }
  EXPECT_EQ(state_of(server_.accept()), "closed");
  Pending closed = checkout();
  closed.lease().close();
  EXPECT_FALSE(static_cast<bool>(closed.lease()));
  EXPECT_EQ(state_of(server_.accept()), "closed");
  EXPECT_EQ(number(0, Of::active), 0u);
}

TEST_F(LeaseTest, TheOneKeptLastIsTheFirstUsed) {
  commit();
  for (int i = 0; i < 3; ++i) leases_.push_back(std::move(checkout().lease()));
  std::vector<int> fds;
  for (Lease& lease : leases_) fds.push_back(lease.stream().fd());
  for (Lease& lease : leases_) lease.keep();
  EXPECT_EQ(checkout().lease().stream().fd(), fds[2]);
  EXPECT_EQ(checkout().lease().stream().fd(), fds[1]);
}

TEST_F(LeaseTest, NoMoreAreKeptThanThePoolHolds) {
  app().pool_size = 2;
  commit();
  for (int i = 0; i < 5; ++i) leases_.push_back(std::move(checkout().lease()));
  for (Lease& lease : leases_) lease.keep();
  EXPECT_EQ(number(0, Of::kept), 2u);
  int open = 0;
  for (int i = 0; i < 5; ++i) open += state_of(server_.accept()) == "open";
  EXPECT_EQ(open, 2);
}

TEST_F(LeaseTest, OneThatTheBackendClosedIsNotUsed) {
  commit();
  keep_one().reset();
  Pending next = checkout();
  EXPECT_FALSE(next.lease().reused());
  EXPECT_EQ(number(0, Of::failures), 0u);
}

TEST_F(LeaseTest, OneWithUnaskedBytesIsNotUsed) {
  commit();
  base::UniqueFd theirs = keep_one();
  ASSERT_EQ(::send(theirs.get(), "x", 1, 0), 1);
  Pending next = checkout();
  EXPECT_FALSE(next.lease().reused());
  EXPECT_EQ(state_of(theirs), "closed");
}

TEST_F(LeaseTest, OneThatWasKeptForTooLongIsNotUsed) {
  app().pool_idle_timeout = std::chrono::milliseconds(1);
  commit();
  base::UniqueFd theirs = keep_one();
  base::Instant over = loop_->now() + std::chrono::milliseconds(5);
  turn_until([&] { return loop_->now() > over; });
  EXPECT_FALSE(checkout().lease().reused());
}

TEST_F(LeaseTest, TheSweepClosesWhatWasKeptForTooLong) {
  app().pool_idle_timeout = std::chrono::milliseconds(1);
  commit();
  base::UniqueFd theirs = keep_one();
  EXPECT_EQ(state_of(theirs), "open");
  turn_until([&] { return state_of(theirs) == "closed"; });
  EXPECT_EQ(number(0, Of::kept), 0u);
}

TEST_F(LeaseTest, TheSweepClosesWhatTheBackendClosed) {
  commit();
  keep_one().reset();
  turn_until([&] { return number(0, Of::kept) == 0; });
}

TEST_F(LeaseTest, OneToAnAddressThatIsNoLongerTheNamesIsNotUsed) {
  Server other("127.0.0.2:" + std::to_string(server_.address().port()));
  app().backends.clear();
  add_named("app.example", server_.address().port());
  commit();
  std::vector<base::Address> first = {address("127.0.0.1:0")};
  std::vector<base::Address> both = {address("127.0.0.2:0"), address("127.0.0.1:0")};
  std::vector<base::Address> second = {address("127.0.0.2:0")};
  table_->write(index_of(0), "app.example", first);
  checkout().lease().keep();
  table_->write(index_of(0), "app.example", both);
  {
    Pending pending = checkout();
    EXPECT_TRUE(pending.lease().reused()) << "its address is still there";
    pending.lease().keep();
  }
  table_->write(index_of(0), "app.example", second);
  Pending next = checkout();
  EXPECT_FALSE(next.lease().reused());
  EXPECT_EQ(next.lease().address().ip(), "127.0.0.2");
}

TEST_F(LeaseTest, CountsBytesResponsesAndFirstBytes) {
  commit();
  {
    Pending pending = checkout();
    pending.lease().count_bytes(10, 200);
    pending.lease().count_response(204);
    pending.lease().succeeded(1500);
    pending.lease().succeeded(1500);
  }
  EXPECT_EQ(number(0, Of::bytes_sent), 10u);
  EXPECT_EQ(number(0, Of::bytes_received), 200u);
  EXPECT_EQ(number(0, Of::responses_2xx), 1u);
  EXPECT_EQ(number(0, Of::first_bytes), 1u);
  EXPECT_EQ(number(0, Of::first_byte_us), 1500u);
  EXPECT_EQ(own_->block[stats::Counter::upstream_bytes_received].get(), 200u);
}

}  // namespace
}  // namespace ringwall::upstream
