#include "daemon/net/stream.h"

#include <netinet/tcp.h>

#include <string>
#include <vector>

#include "tests/unit/net/peer.h"

namespace ringwall::net {
namespace {

using io::Task;
using io::Until;
using std::chrono::hours;
using std::chrono::milliseconds;

constexpr int not_yet = 1'000'000'000;

Task<void> receive(Stream& stream, Until until, int& result, std::string& bytes) {
  io::Receive op = stream.receive(until);
  result = co_await op;
  if (result > 0) bytes.assign(op.chunk.chars(), static_cast<size_t>(result));
}

Task<void> send(Stream& stream, std::string_view text, Until until, int& result) {
  io::Send op = stream.send(text, until);
  result = co_await op;
}

class PlainStream : public StreamTest {
 protected:
  int result_ = not_yet;
  std::string bytes_;
};

TEST_F(PlainStream, receives_what_the_peer_says_and_the_end_as_nothing) {
  peer_.says("hello");
  run(receive(stream_, io::forever(), result_, bytes_));
  EXPECT_EQ(bytes_, "hello");
  peer_.closes();
  run(receive(stream_, io::forever(), result_, bytes_));
  EXPECT_EQ(result_, 0);
}

TEST_F(PlainStream, a_peer_that_ended_its_side_still_reads_ours) {
  peer_.ends_sending();
  run(receive(stream_, io::forever(), result_, bytes_));
  EXPECT_EQ(result_, 0);
  run(send(stream_, "answer", io::forever(), result_));
  EXPECT_EQ(result_, 6);
  EXPECT_EQ(peer_.takes(), "answer");
}

TEST_F(PlainStream, a_reset_ends_an_armed_receive_with_an_error) {
  start(receive(stream_, io::forever(), result_, bytes_));
  loop().turn(false);
  peer_.resets();
  finish();
  EXPECT_EQ(result_, -ECONNRESET);
}

TEST_F(PlainStream, shutting_down_ends_an_armed_receive_and_the_peer_sees_the_end) {
  start(receive(stream_, io::forever(), result_, bytes_));
  loop().turn(false);
  stream_.shut_down();
  finish();
  EXPECT_EQ(result_, 0);
  peer_.takes();
  EXPECT_TRUE(peer_.ended());
}

TEST_F(PlainStream, sending_to_a_peer_that_is_gone_is_an_error_not_a_signal) {
  peer_.resets();
  int ended = not_yet;
  run(receive(stream_, io::forever(), ended, bytes_));
  run(send(stream_, "x", io::forever(), result_));
  EXPECT_EQ(result_, -EPIPE);
}

TEST_F(PlainStream, a_kept_connection_tells_whether_it_may_be_used_again) {
  EXPECT_FALSE(stream_.readable_now());
  peer_.says("unasked");
  turn_until([&] { return stream_.readable_now(); });
  run(receive(stream_, io::forever(), result_, bytes_));
  EXPECT_FALSE(stream_.readable_now());
  peer_.closes();
  turn_until([&] { return stream_.readable_now(); });
}

TEST_F(PlainStream, a_reset_on_close_is_not_taken_for_the_end) {
  run(send(stream_, "half an answer", io::forever(), result_));
  stream_.reset_on_close();
  stream_.~Stream();
  new (&stream_) Stream(loop(), base::UniqueFd());
  while (!peer_.takes().empty()) {
  }
  EXPECT_TRUE(peer_.was_reset());
  EXPECT_FALSE(peer_.ended());
}

TEST_F(PlainStream, options_of_a_connection_are_set) {
  set_stream_options(stream_.fd());
  int on = 0;
  socklen_t size = sizeof(on);
  ::getsockopt(stream_.fd(), IPPROTO_TCP, TCP_NODELAY, &on, &size);
  EXPECT_EQ(on, 1);
}

// --- slow readers -------------------------------------------------------------------------------

class SlowReader : public StreamTest {
 protected:
  SlowReader() : StreamTest(4096) {
    for (size_t i = 0; i < content_.size(); ++i) content_[i] = static_cast<char>('a' + i % 23);
  }
  /// The content in pieces of odd sizes, empty ones among them.
  std::vector<iovec> pieces(size_t count) {
    std::vector<iovec> out;
    size_t at = 0;
    for (size_t i = 0; i < count; ++i) {
      size_t end = i + 1 == count ? content_.size() : content_.size() * i / count;
      out.push_back({content_.data() + at, end - at});
      at = end;
    }
    return out;
  }
  std::string content_ = std::string(4 << 20, ' ');
  int result_ = not_yet;
  std::string taken_;
};

Task<void> send_pieces(Stream& stream, std::span<iovec> pieces, base::Duration pause,
                       io::Stop* stop, int& result) {
  result = co_await send_all(stream, pieces, pause, stop);
}

TEST_F(SlowReader, one_that_stalls_gives_a_short_positive_count_at_the_deadline) {
  run(send(stream_, content_, Until(in(milliseconds(50))), result_));
  EXPECT_GT(result_, 0);
  EXPECT_LT(result_, static_cast<int>(content_.size()));
  // And that many bytes are what the peer gets.
  for (std::string part = peer_.takes(); !part.empty() || taken_.size() < size_t(result_);
       part = peer_.takes()) {
    taken_ += part;
  }
  EXPECT_EQ(taken_, content_.substr(0, static_cast<size_t>(result_)));
}

TEST_F(SlowReader, a_send_that_is_shut_down_gives_what_went_out_or_an_error) {
  start(send(stream_, content_, io::forever(), result_));
  loop().turn(false);
  EXPECT_EQ(result_, not_yet);
  stream_.shut_down();
  finish();
  EXPECT_LT(result_, static_cast<int>(content_.size()));
}

TEST_F(SlowReader, a_send_cut_by_the_peers_reset_is_short_or_an_error) {
  start(send(stream_, content_, io::forever(), result_));
  loop().turn(false);
  peer_.resets();
  finish();
  EXPECT_LT(result_, static_cast<int>(content_.size()));
}

TEST_F(SlowReader, one_that_takes_a_little_at_a_time_gets_all_of_it) {
  auto parts = pieces(37);
  start(send_pieces(stream_, parts, hours(1), nullptr, result_));
  turn_until([&] {
    taken_ += peer_.takes(10'000);
    return result_ != not_yet;
  });
  finish();
  EXPECT_EQ(result_, 0);
  for (std::string part = peer_.takes(); taken_.size() < content_.size(); part = peer_.takes()) {
    taken_ += part;
  }
  EXPECT_TRUE(taken_ == content_);
}

// Each pause brings something, though none brings all: the deadline cuts the operation, send_all
// goes on behind the short count.
TEST_F(SlowReader, progress_in_each_pause_is_enough) {
  auto parts = pieces(5);
  start(send_pieces(stream_, parts, milliseconds(40), nullptr, result_));
  uint64_t takes = 0;
  turn_until([&] {
    // Only when a pause has nearly gone by, so that several pass before the end.
    if (loop().counters().enters % 64 == 0) {
      taken_ += peer_.takes(100'000);
      ++takes;
    }
    return result_ != not_yet;
  });
  finish();
  EXPECT_EQ(result_, 0);
  EXPECT_GT(takes, 0u);
}

TEST_F(SlowReader, no_progress_in_a_pause_is_a_timeout) {
  auto parts = pieces(5);
  run(send_pieces(stream_, parts, milliseconds(30), nullptr, result_));
  EXPECT_EQ(result_, -ETIME);
}

TEST_F(SlowReader, a_stop_ends_it) {
  io::Stop stop;
  auto parts = pieces(5);
  start(send_pieces(stream_, parts, hours(1), &stop, result_));
  for (int i = 0; i < 10; ++i) loop().turn(false);
  stop.request();
  finish();
  EXPECT_EQ(result_, -ECANCELED);
}

TEST_F(SlowReader, a_reset_ends_it) {
  auto parts = pieces(5);
  start(send_pieces(stream_, parts, hours(1), nullptr, result_));
  for (int i = 0; i < 10; ++i) loop().turn(false);
  peer_.resets();
  finish();
  EXPECT_TRUE(result_ == -ECONNRESET || result_ == -EPIPE) << result_;
}

TEST_F(PlainStream, nothing_to_send_is_sent_at_once) {
  std::vector<iovec> none(3, iovec{nullptr, 0});
  run(send_pieces(stream_, none, hours(1), nullptr, result_));
  EXPECT_EQ(result_, 0);
}

TEST_F(PlainStream, more_pieces_than_the_kernel_takes_at_once_are_sent_in_parts) {
  std::string content(5000, 'x');
  std::vector<iovec> parts;
  for (char& c : content) parts.push_back({&c, 1});
  start(send_pieces(stream_, parts, hours(1), nullptr, result_));
  finish();
  EXPECT_EQ(result_, 0);
  std::string taken;
  while (taken.size() < content.size()) taken += peer_.takes();
  EXPECT_EQ(taken, content);
}

// A stop that comes when everything has been sent does not turn success into failure.
TEST_F(PlainStream, a_stop_after_the_last_byte_comes_too_late) {
  io::Stop stop;
  std::string content = "all";
  std::vector<iovec> parts = {{content.data(), content.size()}};
  start(send_pieces(stream_, parts, hours(1), &stop, result_));
  io::ready_queue.run(1);
  stop.request();
  finish();
  EXPECT_EQ(result_, 0);
}

// --- lingering ----------------------------------------------------------------------------------

Task<void> linger_and_note(Stream& stream, size_t bytes_max, Until until, bool& done) {
  co_await linger(stream, bytes_max, until);
  done = true;
}

TEST_F(PlainStream, lingering_reads_on_until_the_peer_has_ended) {
  bool done = false;
  start(linger_and_note(stream_, 1 << 20, Until(in(hours(1))), done));
  turn_until([&] {
    peer_.takes();
    return peer_.ended();
  });
  EXPECT_FALSE(done);
  peer_.says(std::string(10'000, 'x'));
  for (int i = 0; i < 20; ++i) loop().turn(false);
  EXPECT_FALSE(done);
  peer_.closes();
  finish();
  EXPECT_TRUE(done);
}

TEST_F(PlainStream, lingering_is_bounded_in_bytes_and_in_time) {
  bool done = false;
  peer_.says(std::string(100'000, 'x'));
  run(linger_and_note(stream_, 20'000, Until(in(hours(1))), done));
  EXPECT_TRUE(done);
  done = false;
  run(linger_and_note(stream_, 1 << 20, Until(in(milliseconds(20))), done));
  EXPECT_TRUE(done);
}

}  // namespace
}  // namespace ringwall::net
