#include "daemon/proxy/tally.h"

namespace ringwall::proxy {
namespace {

using stats::Counter;

struct Row {
  std::string_view word;  // Record::error
  Counter counter;
};

/// Phases that took too long. Those of checkout (queue, connect) count where they happen, for every
/// attempt; these end the exchange.
constexpr Row timeouts[] = {
    {"head-timeout", Counter::timeouts_head},
    {"body-timeout", Counter::timeouts_body},
    {"client-slow", Counter::timeouts_send},
    {"exchange-timeout", Counter::timeouts_exchange},
    {"send-timeout", Counter::timeouts_upstream_send},
    {"first-byte-timeout", Counter::timeouts_first_byte},
    {"backend-idle", Counter::timeouts_upstream_idle},
};

/// Answers that ringwall gives in place of a backend.
constexpr Row gateway_errors[] = {
    {"connect-failed", Counter::gateway_502_connect},
    {"backend-closed", Counter::gateway_502_closed},
    {"send-failed", Counter::gateway_502_closed},
    {"fill-abandoned", Counter::gateway_502_closed},
    {"bad-response", Counter::gateway_502_response},
    {"bad-content", Counter::gateway_502_response},
    {"unasked-upgrade", Counter::gateway_502_response},
    {"response-head-too-large", Counter::gateway_502_response},
    {"no-backend", Counter::gateway_503_no_backend},
    {"queue-timeout", Counter::gateway_503_queue},
    {"connect-timeout", Counter::gateway_504_connect},
    {"send-timeout", Counter::gateway_504_send},
    {"first-byte-timeout", Counter::gateway_504_first_byte},
    {"exchange-timeout", Counter::gateway_504_exchange},
};

void count_by_word(std::span<const Row> rows, std::string_view word, stats::WorkerStats& stats) {
  for (const Row& row : rows) {
    if (row.word == word) stats.add(row.counter);
  }
}

void tally_failure(const Record& record, stats::WorkerStats& stats) {
  count_by_word(timeouts, record.error, stats);
  if (record.completed && record.status >= 502 && record.status <= 504) {
    count_by_word(gateway_errors, record.error, stats);
  }
  if (record.completed) return;
  bool client = record.error.empty() || record.error == "client-gone" ||
                record.error == "client-slow" || record.bytes_sent == 0;
  stats.add(client ? Counter::clients_gone : Counter::responses_cut);
}

Counter counter_of(http::Method method) {
  switch (method) {
    case http::Method::get: return Counter::requests_get;
    case http::Method::head: return Counter::requests_head;
    case http::Method::post: return Counter::requests_post;
    default: return Counter::requests_other;
  }
}

void tally_cache(CacheOutcome outcome, stats::WorkerStats& stats) {
  switch (outcome) {
    case CacheOutcome::hit: stats.add(Counter::cache_hit); break;
    case CacheOutcome::miss: stats.add(Counter::cache_miss); break;
    case CacheOutcome::collapsed: stats.add(Counter::cache_collapsed); break;
    case CacheOutcome::pass: stats.add(Counter::cache_pass); break;
    case CacheOutcome::uncacheable: stats.add(Counter::cache_uncacheable); break;
    case CacheOutcome::busy: stats.add(Counter::cache_busy); break;
    case CacheOutcome::no_room: stats.add(Counter::cache_no_room); break;
    case CacheOutcome::none: break;
  }
}

}  // namespace

void tally(const Record& record, std::optional<http::Method> method, base::Duration duration,
           stats::WorkerStats& stats) {
  if (method) stats.add(counter_of(*method));
  stats.observe_duration(static_cast<uint64_t>(duration.count() / 1000));
  stats.add(Counter::client_bytes_sent, record.bytes_sent);
  stats.add(Counter::client_bytes_received, record.bytes_received);
  if (record.status != 0) stats.add(stats::responses_of(record.status));
  tally_cache(record.cache, stats);
  if (!record.completed || !record.error.empty()) tally_failure(record, stats);
}

}  // namespace ringwall::proxy
