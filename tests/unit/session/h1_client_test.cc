#include "daemon/session/h1_client.h"

#include "tests/unit/session/harness.h"

namespace ringwall::session {
namespace {

using State = ResponseOutcome::State;

class H1ClientTest : public SessionTest {
 protected:
  io::Task<void> read(H1Client& client, http::Method method) {
    outcome_ = co_await client.read_head(method, soon());
    interim_ = 0;
    while (outcome_.state == State::interim) {
      ++interim_;
      outcome_ = co_await client.read_head(method, soon());
    }
    if (outcome_.state != State::final) co_return;
    while (!client.body().done()) {
      Piece piece = co_await client.body().next(soon());
      content_ += piece.bytes;
      piece_ = piece.state;
      if (piece.failed()) co_return;
    }
    reusable_ = client.reusable();
  }
  void respond(std::string_view wire, bool end = false, http::Method method = http::Method::get) {
    peer_sends(wire);
    if (end) peer_ends();
    H1Client client(*stream_);
    run(read(client, method));
    nothing_ = client.nothing_received();
  }
  ResponseOutcome outcome_;
  int interim_ = 0;
  std::string content_;
  Piece::State piece_ = Piece::State::more;
  bool reusable_ = false;
  bool nothing_ = false;
};

TEST_F(H1ClientTest, ACleanResponseLeavesTheConnectionReusable) {
  respond("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
  EXPECT_EQ(outcome_.state, State::final);
  EXPECT_EQ(content_, "hello");
  EXPECT_TRUE(reusable_);
}

TEST_F(H1ClientTest, BytesBehindTheResponseMakeItUnusable) {
  respond("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloX");
  EXPECT_EQ(content_, "hello");
  EXPECT_FALSE(reusable_);
}

TEST_F(H1ClientTest, ConnectionCloseMakesItUnusable) {
  respond("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx");
  EXPECT_FALSE(reusable_);
}

TEST_F(H1ClientTest, ContentUntilCloseIsWholeAtTheEnd) {
  respond("HTTP/1.1 200 OK\r\n\r\nhello", true);
  EXPECT_EQ(content_, "hello");
  EXPECT_EQ(piece_, Piece::State::end);
  EXPECT_FALSE(reusable_);
}

TEST_F(H1ClientTest, InterimResponsesComeOneByOne) {
  respond(
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n"
      "HTTP/1.1 204 No Content\r\n\r\n");
  EXPECT_EQ(interim_, 2);
  EXPECT_EQ(outcome_.state, State::final);
  EXPECT_TRUE(reusable_);
}

TEST_F(H1ClientTest, AHeadResponseHasNoContentWhateverItsLength) {
  respond("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", false, http::Method::head);
  EXPECT_EQ(content_, "");
  EXPECT_TRUE(reusable_);
}

TEST_F(H1ClientTest, AClosedConnectionSaysWhetherAnythingCame) {
  respond("", true);
  EXPECT_EQ(outcome_.state, State::closed);
  EXPECT_TRUE(nothing_);
}

TEST_F(H1ClientTest, HalfAHeadIsClosedButNotNothing) {
  respond("HTTP/1.1 200", true);
  EXPECT_EQ(outcome_.state, State::closed);
  EXPECT_FALSE(nothing_);
}

TEST_F(H1ClientTest, AmbiguousFramingIsMalformed) {
  respond("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nhello");
  EXPECT_EQ(outcome_.state, State::malformed);
}

}  // namespace
}  // namespace ringwall::session
