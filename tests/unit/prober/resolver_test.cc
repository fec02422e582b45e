#include "daemon/prober/resolver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <optional>

#include "tests/unit/prober/dns_server.h"

namespace ringwall::prober {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using Mood = DnsServer::Mood;

class ResolverTest : public testing::Test, private Resolver::Client {
 protected:
  ResolverTest() {
    ResolverOptions options;
    options.servers = dns_.address();
    options.try_timeout = std::chrono::milliseconds(50);
    options.tries = 2;
    resolver_ = std::move(Resolver::create(options, *this).value());
  }
  Answer resolve(const std::string& host) {
    answer_.reset();
    resolver_->start(host, this);
    while (!answer_) {
      dns_.serve();
      resolver_->process();
    }
    return *answer_;
  }
  std::vector<std::string> addresses(const std::string& host) {
    std::vector<std::string> texts;
    for (const auto& address : resolve(host).addresses) texts.push_back(address.ip());
    return texts;
  }
  void resolved(void* lookup, Answer answer) override {
    EXPECT_EQ(lookup, this);
    answer_ = std::move(answer);
  }

  DnsServer dns_;
  std::unique_ptr<Resolver> resolver_;
  std::optional<Answer> answer_;
};

TEST_F(ResolverTest, GivesAddressesOfBothFamiliesSorted) {
  dns_["app.test"].v4 = {"192.0.2.9", "192.0.2.1"};
  dns_["app.test"].v6 = {"2001:db8::1"};
  EXPECT_THAT(addresses("app.test"), ElementsAre("192.0.2.1", "192.0.2.9", "2001:db8::1"));
  EXPECT_EQ(resolver_->in_flight(), 0u);
}

TEST_F(ResolverTest, OneFamilyIsEnough) {
  dns_["v6.test"].v6 = {"2001:db8::1"};
  EXPECT_THAT(addresses("v6.test"), ElementsAre("2001:db8::1"));
}

TEST_F(ResolverTest, TheLifetimeIsTheShortestOnTheWay) {
  dns_["app.test"].v4 = {"192.0.2.1"};
  dns_["app.test"].lifetime_s = 300;
  EXPECT_EQ(resolve("app.test").lifetime, seconds(300));
  dns_["www.test"].alias_of = "app.test";
  dns_["www.test"].lifetime_s = 20;
  EXPECT_EQ(resolve("www.test").lifetime, seconds(20));
}

TEST_F(ResolverTest, SaysWhyThereIsNoAnswer) {
  EXPECT_FALSE(resolve("absent.test").failure.empty());
  dns_["broken.test"].mood = Mood::failure;
  EXPECT_FALSE(resolve("broken.test").failure.empty());
  dns_["empty.test"];
  EXPECT_FALSE(resolve("empty.test").failure.empty());
  dns_["silent.test"].mood = Mood::silent;
  Answer silent = resolve("silent.test");
  EXPECT_FALSE(silent.failure.empty());
  EXPECT_THAT(silent.addresses, IsEmpty());
}

TEST_F(ResolverTest, NamesOfTheHostsFileNeedNoServer) {
  EXPECT_THAT(addresses("localhost"), testing::Contains("127.0.0.1"));
}

TEST_F(ResolverTest, ItsDescriptorIsReadableWhenAnAnswerHasCome) {
  dns_["app.test"].v4 = {"192.0.2.1"};
  resolver_->start("app.test", this);
  EXPECT_FALSE(resolver_->deadline(base::monotonic_now()).is_never());
  pollfd one = {.fd = resolver_->descriptor(), .events = POLLIN, .revents = 0};
  while (!answer_) {
    dns_.serve();
    if (::poll(&one, 1, 0) > 0) resolver_->process();
  }
  EXPECT_TRUE(resolver_->deadline(base::monotonic_now()).is_never());
}

TEST_F(ResolverTest, ItsEndForgetsWhatIsInFlight) {
  dns_["silent.test"].mood = Mood::silent;
  resolver_->start("silent.test", this);
  resolver_.reset();
  EXPECT_FALSE(answer_.has_value());
}

}  // namespace
}  // namespace ringwall::prober
