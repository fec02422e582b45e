#include "daemon/session/h1_server.h"

#include "tests/unit/session/harness.h"

namespace ringwall::session {
namespace {

class H1ServerTest : public SessionTest {
 protected:
  H1ServerTest() {
    settings_.head_size_max = 8192;
    settings_.target_size_max = 4096;
    settings_.head_timeout = settings_.body_timeout = settings_.send_timeout =
        std::chrono::seconds(20);
  }
  struct Answer {
    unsigned status = 200;
    std::string fields;
    std::string content;
    bool told = true;       // Content-Length
    bool bodiless = false;
    size_t split = SIZE_MAX;  // so much of the content with the head
    bool abandon = false;
  };
  io::Task<void> serve(H1Server& server, const Answer& answer) {
    outcome_ = server.parse_head();
    if (outcome_.state == HeadOutcome::State::incomplete) outcome_ = co_await server.read_head();
    if (outcome_.state != HeadOutcome::State::request) co_return;
    if (read_content_) {
      while (server.content_pending()) {
        Piece piece = co_await server.read_content();
        content_ += piece.bytes;
        piece_ = piece.state;
        if (piece.failed()) co_return;
      }
    }
    Response response;
    response.status = answer.status;
    response.fields = answer.fields;
    response.bodiless = answer.bodiless;
    if (answer.told) response.content_length = answer.content.size();
    size_t first = std::min(answer.split, answer.content.size());
    iovec piece = {const_cast<char*>(answer.content.data()), first};
    bool whole = !answer.abandon && first == answer.content.size();
    int sent = co_await server.send_head(response, std::span<iovec>(&piece, 1), whole);
    EXPECT_EQ(sent, 0);
    if (answer.abandon) {
      server.abandon();
    } else if (!whole) {
      iovec rest = {const_cast<char*>(answer.content.data()) + first, answer.content.size() - first};
      sent = co_await server.send_content(std::span<iovec>(&rest, 1), true, {});
      EXPECT_EQ(sent, 0);
    }
    if (server.must_drain()) co_await server.drain();
    again_ = server.finish();
  }
  std::string exchange(std::string_view request, const Answer& answer) {
    peer_sends(request);
    run(first_bytes());
    io::Stop stop;
    H1Server server(*stream_, input_, settings_, &stop);
    run(serve(server, answer));
    return peer_has();
  }

  conf::Http settings_;
  HeadOutcome outcome_;
  bool read_content_ = true;
  std::string content_;
  Piece::State piece_ = Piece::State::more;
  bool again_ = false;
};

TEST_F(H1ServerTest, AnswersWithALengthAndKeepsTheConnection) {
  std::string sent = exchange("GET / HTTP/1.1\r\nHost: a\r\n\r\n", {200, "X: 1\r\n", "hello"});
  EXPECT_EQ(sent, "HTTP/1.1 200 OK\r\nX: 1\r\nContent-Length: 5\r\n\r\nhello");
  EXPECT_TRUE(again_);
  EXPECT_TRUE(input_.empty());
}

TEST_F(H1ServerTest, UnknownLengthGoesInChunks) {
  Answer answer{200, "", "hello world", false};
  answer.split = 5;
  std::string sent = exchange("GET / HTTP/1.1\r\nHost: a\r\n\r\n", answer);
  EXPECT_EQ(sent,
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n "
            "world\r\n0\r\n\r\n");
  EXPECT_TRUE(again_);
}

TEST_F(H1ServerTest, UnknownLengthToHttp10EndsWithTheConnection) {
  Answer answer{200, "", "hello", false};
  answer.split = 2;
  std::string sent = exchange("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", answer);
  EXPECT_EQ(sent, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello");
  EXPECT_FALSE(again_);
}

TEST_F(H1ServerTest, Http10MayKeepTheConnectionWhereTheLengthIsKnown) {
  std::string sent = exchange("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", {200, "", "x"});
  EXPECT_EQ(sent, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: keep-alive\r\n\r\nx");
  EXPECT_TRUE(again_);
}

TEST_F(H1ServerTest, AHeadTellsItsLengthAndSendsNothing) {
  Answer answer{200, "", "hello"};
  answer.bodiless = true;
  std::string sent = exchange("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", answer);
  EXPECT_EQ(sent, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
  EXPECT_TRUE(again_);
}

TEST_F(H1ServerTest, PipelinedBytesStayForTheNextExchange) {
  std::string two = "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n";
  exchange(two, {200, "", "x"});
  EXPECT_TRUE(again_);
  EXPECT_EQ(input_.unread().substr(0, 6), "GET /2");
}

TEST_F(H1ServerTest, AHeadThatComesInPiecesIsReadWhole) {
  std::string head = "GET /long HTTP/1.1\r\nHost: a\r\nX: " + std::string(6000, 'y') + "\r\n\r\n";
  std::string sent = exchange(head, {200, "", "x"});
  EXPECT_EQ(outcome_.state, HeadOutcome::State::request);
  EXPECT_TRUE(sent.ends_with("\r\n\r\nx"));
}

TEST_F(H1ServerTest, TooLongAHeadIs431) {
  std::string head = "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(20000, 'y') + "\r\n\r\n";
  exchange(head, {200, "", "x"});
  EXPECT_EQ(outcome_.state, HeadOutcome::State::malformed);
  EXPECT_EQ(outcome_.status, 431u);
}

TEST_F(H1ServerTest, SaysContinueBeforeItReadsContent) {
  peer_sends("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
  run(first_bytes());
  io::Stop stop;
  H1Server server(*stream_, input_, settings_, &stop);
  Answer answer{200, "", "ok"};
  io::TaskGroup group;
  group.spawn(serve(server, answer));
  std::string interim;
  for (int turn = 0; turn < 100000 && interim.empty(); ++turn) {
    loop_->turn(false);
    interim = peer_has();
  }
  EXPECT_EQ(interim, "HTTP/1.1 100 Continue\r\n\r\n");
  peer_sends("hello");
  for (int turn = 0; turn < 100000 && !group.empty(); ++turn) loop_->turn(false);
  loop_->turn(false);
  EXPECT_EQ(content_, "hello");
  EXPECT_TRUE(again_);
}

TEST_F(H1ServerTest, AnAnswerInPlaceOfContinueClosesTheConnection) {
  read_content_ = false;
  std::string sent = exchange(
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n",
      {413, "", "no"});
  EXPECT_NE(sent.find("Connection: close\r\n"), std::string::npos);
  EXPECT_FALSE(again_);
}

TEST_F(H1ServerTest, UnreadContentIsReadAwayToKeepTheConnection) {
  read_content_ = false;
  exchange("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET /2", {200, "", "x"});
  EXPECT_TRUE(again_);
  EXPECT_EQ(input_.unread(), "GET /2");
}

TEST_F(H1ServerTest, MoreContentThanAllowedIsTooLarge) {
  settings_.body_size_max = 4;
  exchange("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", {200, "", "x"});
  EXPECT_EQ(piece_, Piece::State::too_large);
}

TEST_F(H1ServerTest, AnAbandonedResponseDoesNotLookComplete) {
  Answer answer{200, "", "hello", false};
  answer.abandon = true;
  std::string sent = exchange("GET / HTTP/1.1\r\nHost: a\r\n\r\n", answer);
  EXPECT_FALSE(sent.ends_with("0\r\n\r\n"));
  EXPECT_FALSE(again_);
}

TEST_F(H1ServerTest, ALargeResponseArrivesWhole) {
  Answer answer{200, "X: 1\r\n", std::string(100000, 'z')};
  std::string sent = exchange("GET / HTTP/1.1\r\nHost: a\r\n\r\n", answer);
  EXPECT_EQ(sent, "HTTP/1.1 200 OK\r\nX: 1\r\nContent-Length: 100000\r\n\r\n" + answer.content);
}

}  // namespace
}  // namespace ringwall::session
