#include "daemon/session/h1_client.h"

namespace ringwall::session {

io::Task<ResponseOutcome> H1Client::read_head(http::Method method, io::Until until) {
  http::HeadLimits limits;
  http::HeadParser parser(limits);
  ResponseOutcome outcome;
  for (;;) {
    if (!input_.empty()) {
      http::HeadParse parse = parser.response(input_.unread(), head_);
      if (parse.state == http::HeadParse::State::malformed) {
        outcome.state = ResponseOutcome::State::malformed;
        outcome.reason = parse.reason;
        co_return outcome;
      }
      if (parse.state == http::HeadParse::State::complete) {
        head_bytes_ += parse.consumed;
        input_.consume(parse.consumed);
        break;
      }
    }
    int n = 0;
    bool timed_out = false;
    bool stopped = false;
    if (input_.empty()) {
      io::Receive receive = stream_.receive(until);
      n = co_await receive;
      if (n > 0) input_.adopt(std::move(receive.chunk), static_cast<size_t>(n));
      timed_out = receive.timed_out();
      stopped = receive.stopped();
    } else {
      std::span<std::byte> room = input_.room(stream_.loop());
      if (room.empty()) {
        outcome.state = ResponseOutcome::State::malformed;
        outcome.reason = "head too large";
        co_return outcome;
      }
      io::ReceiveInto receive = stream_.receive_into(room, until);
      n = co_await receive;
      if (n > 0) input_.received(static_cast<size_t>(n));
      timed_out = receive.timed_out();
      stopped = receive.stopped();
    }
    if (n <= 0) {
      outcome.state = timed_out ? ResponseOutcome::State::timed_out
                      : stopped ? ResponseOutcome::State::stopped
                                : ResponseOutcome::State::closed;
      co_return outcome;
    }
    received_ = true;
  }
  if (head_.status < 200) {
    outcome.state = ResponseOutcome::State::interim;
    co_return outcome;
  }
  http::FramingResult framing = http::response_framing(head_, method);
  if (!framing.ok()) {
    outcome.state = ResponseOutcome::State::malformed;
    outcome.reason = framing.reason;
    co_return outcome;
  }
  framing_ = framing.framing;
  body_.begin(framing_);
  outcome.state = ResponseOutcome::State::final;
  co_return outcome;
}

bool H1Client::reusable() const {
  return head_.keep_alive && framing_.kind != http::Framing::Kind::until_close &&
         body_.clean_end();
}

}  // namespace ringwall::session
