#include "daemon/worker/crash.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "daemon/io/ready.h"

namespace ringwall::worker {
namespace {

stats::WorkerStats* page_owner = nullptr;
pid_t own_pid = 0;
// A stack of its own: the fault may be that the stack has run out.
alignas(16) std::array<char, 32 * 1024> handler_stack;

/// Appends text and numbers to a fixed room; what does not fit is left out.
class Text {
 public:
  explicit Text(std::span<char> room) : room_(room) {}
  void add(std::string_view text) {
    size_t n = std::min(text.size(), room_.size() - size_);
    std::memcpy(room_.data() + size_, text.data(), n);
    size_ += n;
  }
  void add_hex(uint64_t value) {
    std::array<char, 16> digits;
    size_t n = 0;
    do {
      digits[n++] = "0123456789abcdef"[value % 16];
      value /= 16;
    } while (value != 0);
    add("0x");
    while (n > 0) add(std::string_view(&digits[--n], 1));
  }
  void add(const io::Context& context) {
    size_ += std::min(context.describe(room_.data() + size_, room_.size() - size_),
                      room_.size() - size_);
  }
  size_t size() const { return size_; }

 private:
  std::span<char> room_;
  size_t size_ = 0;
};

std::string_view word_of(int number) {
  switch (number) {
    case SIGSEGV:
      return "SIGSEGV";
    case SIGBUS:
      return "SIGBUS";
    case SIGABRT:
      return "SIGABRT";
    case SIGILL:
      return "SIGILL";
    default:
      return "SIGFPE";
  }
}

void handle(int number, siginfo_t* info, void*) {
  Text text(page_owner->panic_page());
  text.add(word_of(number));
  if (info->si_code > 0) {
    text.add(" at address ");
    text.add_hex(reinterpret_cast<uintptr_t>(info->si_addr));
  } else if (info->si_pid != own_pid) {
    text.add(" sent by another process");
  }
  const io::Context* context = io::current_context;
  // Published twice: should describe() fault too, the first half is there.
  page_owner->publish_panic(text.size());
  if (context != nullptr) {
    text.add("; serving ");
    text.add(*context);
  } else {
    text.add("; between two requests");
  }
  page_owner->publish_panic(text.size());
  // The handler is gone already (SA_RESETHAND): this time the signal ends the process.
  raise(number);
}

}  // namespace

void report_crashes(stats::WorkerStats& own) {
  page_owner = &own;
  own_pid = getpid();
  stack_t stack = {};
  stack.ss_sp = handler_stack.data();
  stack.ss_size = handler_stack.size();
  sigaltstack(&stack, nullptr);
  struct sigaction action = {};
  action.sa_sigaction = handle;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESETHAND;
  sigemptyset(&action.sa_mask);
  for (int number : {SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE}) {
    sigaction(number, &action, nullptr);
  }
}

}  // namespace ringwall::worker
