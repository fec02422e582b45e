// Every limit of ringwall in one place, each with the reason for its size.
//
// What an operator may set has its default in the config's schema table (conf/schema.cc) and its
// ceiling here. Names end in their unit and bound.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ringwall::base {

// --- processes -----------------------------------------------------------------------------------
// Worker slots in the cache segment and the stats segment: 64 workers and as many of a generation
// that drains (notes: the pin mask of an entry has one bit a slot).
constexpr unsigned workers_max = 64;
constexpr unsigned slots_max = 2 * workers_max;
constexpr unsigned listeners_max = 64;
constexpr unsigned backends_max = 1024;

// --- upstreams -----------------------------------------------------------------------------------
// Backends one exchange may try: the first and `retries` more (at most 16).
constexpr unsigned attempts_max = 17;
// Addresses kept of a backend's name; further ones in the answer are not used.
constexpr unsigned addresses_max = 16;

// --- ring ----------------------------------------------------------------------------------------
constexpr unsigned sq_entries = 512;
constexpr unsigned cq_entries = 8192;
// Completions taken in one turn before the ready queue runs, so that timers are not starved.
constexpr unsigned completions_per_turn_max = 512;

// Free coroutine frames kept for reuse per thread: those of some 20,000 connections that came and
// went; what a burst leaves beyond goes back to the system.
constexpr size_t frame_pool_bytes_max = 32 * 1024 * 1024;

// --- buffers -------------------------------------------------------------------------------------
// A small chunk holds nearly every request head and every small response with its head.
constexpr size_t small_chunk_bytes = 4096;
// Small chunks posted to the kernel at once; a chunk that a connection keeps is replaced.
constexpr unsigned posted_chunks = 256;
// Small chunks in all per worker (64 MiB): beyond it connections wait in line.
constexpr unsigned small_chunks_max = 16384;
// A large chunk carries body bytes; measured: 256 KiB receives cost 0.70 of 64 KiB ones.
constexpr size_t large_chunk_bytes = 256 * 1024;
constexpr unsigned large_chunks_max = 512;

// --- HTTP ----------------------------------------------------------------------------------------
// Offsets into a head are 16 bits wide, so no head may be longer than this.
constexpr size_t head_bytes_max = 65535;
constexpr size_t fields_max = 128;
constexpr size_t chunk_line_bytes_max = 4096;
constexpr size_t trailer_bytes_max = 16384;

// --- logs ----------------------------------------------------------------------------------------
// PIPE_BUF, so that a line written to a pipe is never mixed with another's.
constexpr size_t log_line_bytes_max = 4096;

// --- control -------------------------------------------------------------------------------------
constexpr size_t control_message_bytes_max = 4 * 1024 * 1024;

}  // namespace ringwall::base
