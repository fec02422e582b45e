#include "daemon/session/body_reader.h"

#include <random>

#include "tests/unit/session/harness.h"

namespace ringwall::session {
namespace {

using Kind = http::Framing::Kind;

struct Read {
  std::string content;
  Piece::State state = Piece::State::more;
};

class BodyReaderTest : public SessionTest {
 protected:
  /// Reads everything; `room` 0: through next, else through next_into with so much room.
  io::Task<void> read_all(BodyReader& body, size_t room, Read& out) {
    std::string space(std::max<size_t>(room, 1), '\0');
    while (!body.done()) {
      Piece piece;
      if (room == 0) {
        piece = co_await body.next(soon());
      } else {
        auto bytes = std::as_writable_bytes(std::span(space));
        piece = co_await body.next_into(bytes, soon());
      }
      out.content += piece.bytes;
      out.state = piece.state;
      if (piece.failed()) co_return;
    }
  }
  Read read(Kind kind, uint64_t length, std::string_view wire, size_t room = 0, size_t early = 0) {
    EXPECT_TRUE(input_.empty());
    if (early > 0) {
      peer_sends(wire.substr(0, early));
      run(first_bytes());
    }
    if (early < wire.size()) peer_sends(wire.substr(early));
    peer_ends();
    BodyReader body(*stream_, input_);
    body.begin({kind, length});
    Read out;
    run(read_all(body, room, out));
    if (body.done()) body.finish();
    trailers_ = body.done() ? std::string(body.trailers()) : std::string();
    return out;
  }
  std::string trailers_;
};

TEST_F(BodyReaderTest, ALengthIsReadExactlyAndTheRestStays) {
  Read out = read(Kind::length, 5, "helloGET / next", 0, 15);
  EXPECT_EQ(out.content, "hello");
  EXPECT_EQ(out.state, Piece::State::end);
  EXPECT_EQ(input_.unread(), "GET / next");
}

TEST_F(BodyReaderTest, BytesOfTheNextMessageAreNotReceivedWithALength) {
  Read out = read(Kind::length, 5, "helloGET");
  EXPECT_EQ(out.content, "hello");
  EXPECT_TRUE(input_.empty());
}

TEST_F(BodyReaderTest, AnEarlyEndOfALengthIsCut) {
  Read out = read(Kind::length, 10, "hello");
  EXPECT_EQ(out.state, Piece::State::cut);
}

TEST_F(BodyReaderTest, AnEarlyEndOfChunksIsCut) {
  Read out = read(Kind::chunked, 0, "5\r\nhello\r\n");
  EXPECT_EQ(out.state, Piece::State::cut);
}

TEST_F(BodyReaderTest, WithoutEitherTheEndOfTheConnectionIsTheEnd) {
  Read out = read(Kind::until_close, 0, "hello");
  EXPECT_EQ(out.content, "hello");
  EXPECT_EQ(out.state, Piece::State::end);
}

TEST_F(BodyReaderTest, BadChunksAreMalformed) {
  EXPECT_EQ(read(Kind::chunked, 0, "5\nhello\r\n0\r\n\r\n").state, Piece::State::malformed);
}

TEST_F(BodyReaderTest, NoContentIsDoneAtOnce) {
  BodyReader body(*stream_, input_);
  body.begin({Kind::none, 0});
  EXPECT_TRUE(body.done());
  body.begin({Kind::length, 0});
  EXPECT_TRUE(body.done());
}

TEST_F(BodyReaderTest, ChunksAreDecodedAndWhatFollowsThemStays) {
  Read out = read(Kind::chunked, 0, "5\r\nhello\r\n6;a=b\r\n world\r\n0\r\nX-T: 1\r\n\r\nGET /", 0, 20);
  EXPECT_EQ(out.content, "hello world");
  EXPECT_EQ(out.state, Piece::State::end);
  EXPECT_EQ(trailers_, "X-T: 1\r\n");
  EXPECT_EQ(input_.unread(), "GET /");
}

TEST_F(BodyReaderTest, EverySplitAndEveryRoomGivesTheSame) {
  std::mt19937 random(7);
  std::string content;
  std::string wire;
  for (int i = 0; i < 40; ++i) {
    std::string part(random() % 300 + 1, static_cast<char>('a' + i % 26));
    char head[http::chunk_head_bytes_max];
    wire.append(head, http::write_chunk_head(part.size(), head));
    wire += part + "\r\n";
    content += part;
  }
  wire += "0\r\n\r\n";
  for (size_t early : {size_t{0}, size_t{1}, size_t{7}, size_t{4000}}) {
    for (size_t room : {size_t{0}, size_t{1}, size_t{100}, size_t{100000}}) {
      int fds[2];
      ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
      stream_ = std::make_unique<net::Stream>(*loop_, base::UniqueFd(fds[0]));
      peer_.reset(fds[1]);
      Read out = read(Kind::chunked, 0, wire, room, early);
      EXPECT_EQ(out.content, content) << early << " " << room;
      EXPECT_EQ(out.state, Piece::State::end);
      input_.release();
    }
  }
}

}  // namespace
}  // namespace ringwall::session
