// Link: the wire between the master and one child (or an old master and the new one at an
// upgrade): a socket pair that keeps messages apart (SOCK_SEQPACKET) and carries descriptors.
//
// Each side sends without waiting: messages are small and few, so a full socket means that the
// other side has stopped reading, which its heartbeat will tell too. One coroutine receives.
// Both sides are of one release, or refuse each other by the version in each message.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/result.h"
#include "daemon/base/unique_fd.h"
#include "daemon/io/loop.h"
#include "daemon/io/task.h"

namespace ringwall::control {

/// What a message says; who sends it, with which of the message's members.
enum class Verb : uint32_t {
  // child to master
  ready = 1,  // serves: has taken up `generation`
  prepared,   // phase one of a reload: `generation`; `text`: why not, empty if it is
  committed,  // phase two is done: `generation`
  closed,     // accepts no more and has let go of its listeners
  drained,    // no exchange is left, ends now; `number`: how many were cut off
  checked,    // of the checker: `numbers`: responses looked at, 1 if all was looked at; `text`: what
              // is damaged, a line each
  alive,      // a sign of life, from a child without a heartbeat in the stats segment
  // master to child
  prepare,      // `generation`; descriptors: bundle, then listeners in the config's order;
                // `numbers`: the listeners' ids
  commit,       // `generation`
  abort,        // forget what was prepared for `generation`
  drain,        // finish what is under way within `number` ns; `text` not empty: the listeners
                // close for good, take what waits in their backlogs too
  stop,         // end at once
  settled,      // to a provisional child: the master has taken over for good
  look,         // another worker died, and with it perhaps the wake-up of a connection: look whether
                // one waits
  reopen_logs,  // descriptors: error log, access log (or none); `number`: log level
  // new master to old
  taken_over,  // its workers serve
  failed,      // `text`: why there will be no takeover; also of the checker: why it cannot look
  // old master to new
  handover,  // `numbers`: slots that still drain; descriptors: a pidfd for each
  // Behind those that masters of different releases say to each other, whose numbers stay.
  warm,    // master to worker: `text`: the head of a request to make so that its response is stored;
           // `number`: of it in the answer
  warmed,  // worker to master: `number`, as asked; `numbers`: proxy::Warmed::Outcome, content bytes;
           // `text`: why
};
std::string_view name_of(Verb verb);

struct Message {
  Verb verb = Verb::ready;
  uint64_t generation = 0;
  uint64_t number = 0;
  std::string text;
  std::vector<uint64_t> numbers;
  std::vector<base::UniqueFd> descriptors;  // filled at receipt; a sender passes its own

  Message() = default;
  explicit Message(Verb what, uint64_t of_generation = 0) : verb(what), generation(of_generation) {}
};

/// A message with a text of at most so many bytes, and few numbers, can be sent.
constexpr size_t message_text_max = 60 * 1024;

std::string encode(const Message& message);
/// Nothing if the bytes are no message of this release.
std::optional<Message> decode(std::string_view bytes);

/// Two ends of a new wire, both close-on-exec.
struct LinkEnds {
  base::UniqueFd ours;
  base::UniqueFd theirs;
};
base::Result<LinkEnds> make_link();

class Link {
 public:
  Link(io::Loop& loop, base::UniqueFd fd) : loop_(loop), fd_(std::move(fd)) {}
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  /// Sends at once; `descriptors` stay the caller's. Fails when the other side is gone or reads
  /// no more.
  base::Status send(const Message& message, const std::vector<int>& descriptors = {});

  /// The next message; an error when the other side is gone, spoke nonsense, or `until` came.
  io::Task<base::Result<Message>> receive(io::Until until);

  /// No message comes or goes any more; whoever receives learns it.
  void shut_down();

 private:
  base::Result<std::optional<Message>> take();

  io::Loop& loop_;
  base::UniqueFd fd_;
};

}  // namespace ringwall::control
