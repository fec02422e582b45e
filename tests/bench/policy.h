// What policy_bench is made of: a trace of requests, and the face of a cache's policy that a trace
// is run through. Objects are numbers from 0 on, so that a policy keeps its state in arrays and
// the simulation needs no hash table where the real cache has one. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace ringwall::bench {

struct Trace {
  std::string name;
  std::vector<uint32_t> requests;  // object numbers
  std::vector<uint32_t> sizes;     // bytes by object number, head and entry included
  uint64_t footprint = 0;          // bytes of all objects together
  size_t objects() const { return sizes.size(); }
};

/// One cache: decides what it holds. A request that misses is a fill of the whole object. What is
/// larger than the cache is never held.
class Policy {
 public:
  virtual ~Policy() = default;
  /// Whether `object` was held. Requests come in the order of the trace.
  virtual bool request(uint32_t object) = 0;
};

struct Candidate {
  const char* name;
  std::unique_ptr<Policy> (*make)(const Trace& trace, uint64_t capacity);
};

template <class P>
std::unique_ptr<Policy> make_policy(const Trace& trace, uint64_t capacity) {
  return std::make_unique<P>(trace, capacity);
}

/// Spreads a number over 64 bits, as the cache's key hash does (SplitMix64's finisher).
constexpr uint64_t mix(uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

// The cache's own orders, plain and segmented, and what they could be: policy_order.cc.
std::unique_ptr<Policy> make_lru(const Trace& trace, uint64_t capacity);
std::unique_ptr<Policy> make_segmented(const Trace& trace, uint64_t capacity);
std::unique_ptr<Policy> make_sketch_filter(const Trace& trace, uint64_t capacity);
std::unique_ptr<Policy> make_ghost_filter(const Trace& trace, uint64_t capacity);
std::unique_ptr<Policy> make_ghosted(const Trace& trace, uint64_t capacity);
std::unique_ptr<Policy> make_learning(const Trace& trace, uint64_t capacity);

// The best known ones: policy_queues.cc, policy_lirs.cc, policy_frequency.cc.
std::unique_ptr<Policy> make_sieve(const Trace& trace, uint64_t capacity);
std::unique_ptr<Policy> make_s3_fifo(const Trace& trace, uint64_t capacity);
std::unique_ptr<Policy> make_arc(const Trace& trace, uint64_t capacity);
std::unique_ptr<Policy> make_lirs(const Trace& trace, uint64_t capacity);
std::unique_ptr<Policy> make_w_tiny_lfu(const Trace& trace, uint64_t capacity);
std::unique_ptr<Policy> make_climbing_w_tiny_lfu(const Trace& trace, uint64_t capacity);
std::unique_ptr<Policy> make_gdsf(const Trace& trace, uint64_t capacity);

}  // namespace ringwall::bench
