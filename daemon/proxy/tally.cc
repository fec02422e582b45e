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

struct OutcomeRow {
  Counter counter;
  stats::RouteCounter of_route;
};

/// By CacheOutcome, behind `none`.
constexpr OutcomeRow outcomes[] = {
    {Counter::cache_hit, stats::RouteCounter::hit},
    {Counter::cache_stale, stats::RouteCounter::stale},
    {Counter::cache_revalidated, stats::RouteCounter::revalidated},
    {Counter::cache_miss, stats::RouteCounter::miss},
    {Counter::cache_collapsed, stats::RouteCounter::collapsed},
    {Counter::cache_pass, stats::RouteCounter::pass},
    {Counter::cache_uncacheable, stats::RouteCounter::uncacheable},
    {Counter::cache_busy, stats::RouteCounter::busy},
    {Counter::cache_no_room, stats::RouteCounter::no_room},
};

void tally_cache(const Record& record, stats::WorkerStats& stats) {
  if (record.cache == CacheOutcome::none) return;
  const OutcomeRow& row = outcomes[static_cast<size_t>(record.cache) - 1];
  stats.add(row.counter);
  stats.route(record.route_place).count(row.of_route, record.content_bytes);
  if (record.cache != CacheOutcome::hit) stats.add(stats::reason_of(record.cache_why));
}

}  // namespace

void tally(const Record& record, std::optional<http::Method> method, base::Duration duration,
           stats::WorkerStats& stats) {
  if (method) stats.add(counter_of(*method));
  stats.observe_duration(static_cast<uint64_t>(duration.count() / 1000));
  stats.add(Counter::client_bytes_sent, record.bytes_sent);
  stats.add(Counter::client_bytes_received, record.bytes_received);
  if (record.status != 0) stats.add(stats::responses_of(record.status));
  tally_cache(record, stats);
  if (!record.completed || !record.error.empty()) tally_failure(record, stats);
}

}  // namespace ringwall::proxy
