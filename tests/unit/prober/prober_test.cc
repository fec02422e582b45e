#include "daemon/prober/prober.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/prober/dns_server.h"

namespace ringwall::prober {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using testing::ElementsAre;
using Mood = DnsServer::Mood;
using Texts = std::vector<std::string>;

class ProberTest : public testing::Test {
 protected:
  ProberTest() {
    loop_ = std::move(io::Loop::create().value());
    table_ = std::move(upstream::ResolvedTable::create().value());
    ResolverOptions options;
    options.servers = dns_.address();
    options.try_timeout = std::chrono::milliseconds(20);
    options.tries = 2;
    prober_ = std::move(Prober::create(*loop_, *table_, options).value());
  }
  ~ProberTest() override {
    stop_.request();
    turn_until([&] { return group_.empty(); });
  }

  /// One upstream of its own for each.
  void add(const std::string& host, base::Duration interval) {
    conf::Upstream upstream;
    upstream.name = "up" + std::to_string(config_.upstreams.size());
    upstream.resolve_interval = interval;
    conf::Backend backend;
    backend.host = host;
    backend.port = 80;
    backend.name = host + ":80";
    upstream.backends = {backend};
    config_.upstreams.push_back(upstream);
  }
  /// The place of an upstream's backend is the number in the upstream's name.
  void configure() {
    prober_->configure(config_, [](const conf::Upstream& upstream, const conf::Backend&) {
      return std::optional<uint32_t>(std::stoul(upstream.name.substr(2)));
    });
  }
  void start() {
    configure();
    ASSERT_TRUE(group_.spawn(prober_->run(stop_)));
  }
  template <class F>
  void turn_until(F condition) {
    while (!condition()) {
      dns_.serve();
      loop_->turn(false);
    }
  }
  Texts read(uint32_t place, const std::string& host) {
    upstream::Resolved out;
    Texts texts;
    if (!table_->read(place, host, 80, out)) return texts;
    for (const auto& address : out.all()) texts.push_back(address.text());
    return texts;
  }
  void wait_for(uint32_t place, const std::string& host, const Texts& texts) {
    turn_until([&] { return read(place, host) == texts; });
  }

  DnsServer dns_;
  std::unique_ptr<io::Loop> loop_;
  std::unique_ptr<upstream::ResolvedTable> table_;
  std::unique_ptr<Prober> prober_;
  conf::Config config_;
  io::Stop stop_;
  io::TaskGroup group_;
};

TEST_F(ProberTest, WritesWhatANameResolvesTo) {
  dns_["app.test"].v4 = {"192.0.2.1"};
  dns_["app.test"].v6 = {"2001:db8::1"};
  add("app.test", hours(1));
  start();
  wait_for(0, "app.test", {"192.0.2.1:80", "[2001:db8::1]:80"});
}

TEST_F(ProberTest, AsksAgainWhenTheTimeToLiveIsOver) {
  dns_["app.test"].v4 = {"192.0.2.1"};
  dns_["app.test"].lifetime_s = 1;
  add("app.test", hours(1));
  start();
  wait_for(0, "app.test", {"192.0.2.1:80"});
  dns_["app.test"].v4 = {"192.0.2.2"};
  wait_for(0, "app.test", {"192.0.2.2:80"});
}

TEST_F(ProberTest, AsksAgainAfterTheIntervalHoweverLongTheTimeToLive) {
  dns_["app.test"].v4 = {"192.0.2.1"};
  dns_["app.test"].lifetime_s = 86400;
  add("app.test", seconds(1));
  start();
  wait_for(0, "app.test", {"192.0.2.1:80"});
  dns_["app.test"].v4 = {"192.0.2.2"};
  wait_for(0, "app.test", {"192.0.2.2:80"});
}

TEST_F(ProberTest, ATimeToLiveOfNothingIsASecond) {
  dns_["app.test"].v4 = {"192.0.2.1"};
  dns_["app.test"].lifetime_s = 0;
  add("app.test", hours(1));
  base::Instant before = loop_->now();
  start();
  turn_until([&] { return dns_["app.test"].asked >= 2; });
  EXPECT_GE(loop_->now() - before, seconds(1));
}

TEST_F(ProberTest, TheSameAnswerIsNotWrittenAgain) {
  dns_["app.test"].v4 = {"192.0.2.1", "192.0.2.2"};
  dns_["app.test"].lifetime_s = 1;
  add("app.test", hours(1));
  start();
  wait_for(0, "app.test", {"192.0.2.1:80", "192.0.2.2:80"});
  uint32_t version = table_->version(0);
  dns_["app.test"].v4 = {"192.0.2.2", "192.0.2.1"};
  unsigned asked = dns_["app.test"].asked;
  turn_until([&] { return dns_["app.test"].asked >= asked + 2; });
  EXPECT_EQ(table_->version(0), version);
}

TEST_F(ProberTest, ANameThatDoesNotExistYetIsFoundLater) {
  add("late.test", hours(1));
  start();
  dns_["late.test"].mood = Mood::name_error;
  turn_until([&] { return dns_["late.test"].asked > 0; });
  EXPECT_EQ(read(0, "late.test"), Texts{});
  dns_["late.test"].v4 = {"192.0.2.1"};
  dns_["late.test"].mood = Mood::answer;
  wait_for(0, "late.test", {"192.0.2.1:80"});
}

TEST_F(ProberTest, TheLastGoodAnswerStandsWhileTheServerFails) {
  dns_["app.test"].v4 = {"192.0.2.1"};
  dns_["app.test"].lifetime_s = 1;
  add("app.test", hours(1));
  start();
  wait_for(0, "app.test", {"192.0.2.1:80"});
  for (Mood mood : {Mood::failure, Mood::name_error, Mood::silent}) {
    dns_["app.test"].mood = mood;
    unsigned asked = dns_["app.test"].asked;
    turn_until([&] { return dns_["app.test"].asked > asked; });
    EXPECT_THAT(read(0, "app.test"), ElementsAre("192.0.2.1:80"));
  }
}

TEST_F(ProberTest, ASilentServerDelaysNoOtherName) {
  dns_["silent.test"].mood = Mood::silent;
  dns_["app.test"].v4 = {"192.0.2.1"};
  add("silent.test", hours(1));
  add("app.test", hours(1));
  start();
  wait_for(1, "app.test", {"192.0.2.1:80"});
  dns_["silent.test"].mood = Mood::answer;
  dns_["silent.test"].v4 = {"192.0.2.2"};
  wait_for(0, "silent.test", {"192.0.2.2:80"});
}

TEST_F(ProberTest, ResolvesNamesOfTheHostsFile) {
  add("localhost", hours(1));
  start();
  turn_until([&] { return !read(0, "localhost").empty(); });
  EXPECT_THAT(read(0, "localhost"), testing::Contains("127.0.0.1:80"));
}

TEST_F(ProberTest, OneLookupServesAllBackendsOfAName) {
  dns_["app.test"].v4 = {"192.0.2.1"};
  add("app.test", hours(1));
  add("app.test", hours(1));
  start();
  wait_for(0, "app.test", {"192.0.2.1:80"});
  EXPECT_THAT(read(1, "app.test"), ElementsAre("192.0.2.1:80"));
  EXPECT_EQ(dns_["app.test"].asked, 1u);
}

TEST_F(ProberTest, AReloadAddsAndRemovesNames) {
  dns_["old.test"].v4 = {"192.0.2.1"};
  dns_["both.test"].v4 = {"192.0.2.2"};
  dns_["new.test"].v4 = {"192.0.2.3"};
  add("old.test", hours(1));
  add("both.test", hours(1));
  start();
  wait_for(0, "old.test", {"192.0.2.1:80"});
  wait_for(1, "both.test", {"192.0.2.2:80"});
  config_.upstreams[0].backends.clear();
  add("new.test", hours(1));
  add("both.test", hours(1));
  configure();
  EXPECT_EQ(read(0, "old.test"), Texts{});
  EXPECT_THAT(read(3, "both.test"), ElementsAre("192.0.2.2:80")) << "known already";
  wait_for(2, "new.test", {"192.0.2.3:80"});
  EXPECT_EQ(dns_["both.test"].asked, 1u);
}

TEST_F(ProberTest, AReloadMayTakeANameAwayThatIsBeingLookedUp) {
  dns_["silent.test"].mood = Mood::silent;
  dns_["app.test"].v4 = {"192.0.2.1"};
  add("silent.test", hours(1));
  start();
  turn_until([&] { return dns_["silent.test"].asked > 0; });
  config_.upstreams.clear();
  add("app.test", hours(1));
  configure();
  wait_for(0, "app.test", {"192.0.2.1:80"});
  dns_["silent.test"].mood = Mood::answer;
  dns_["silent.test"].v4 = {"192.0.2.2"};
  unsigned asked = dns_["silent.test"].asked;
  turn_until([&] { return dns_["silent.test"].asked > asked; });
  EXPECT_EQ(read(0, "silent.test"), Texts{});
}

TEST_F(ProberTest, MoreNamesThanAreLookedUpAtOnceAllResolve) {
  for (int i = 0; i < 200; ++i) {
    std::string host = "n" + std::to_string(i) + ".test";
    dns_[host].v4 = {"192.0.2." + std::to_string(i)};
    add(host, hours(1));
  }
  start();
  for (int i = 0; i < 200; ++i) {
    wait_for(i, "n" + std::to_string(i) + ".test", {"192.0.2." + std::to_string(i) + ":80"});
  }
}

TEST_F(ProberTest, AStopEndsItWithALookupInFlight) {
  dns_["silent.test"].mood = Mood::silent;
  add("silent.test", hours(1));
  start();
  turn_until([&] { return dns_["silent.test"].asked > 0; });
  stop_.request();
  turn_until([&] { return group_.empty(); });
}

}  // namespace
}  // namespace ringwall::prober
