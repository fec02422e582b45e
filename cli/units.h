// Numbers as people read them: sizes, durations and counts with their noun. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ringwall::cli {

/// "512 B", "12.4 KiB", "2.0 GiB".
std::string human_bytes(uint64_t bytes);
/// "45 s", "12 min 3 s", "3 h 20 min", "12 d 4 h"; two units at most.
std::string human_seconds(int64_t seconds);
/// "850 us", "12.3 ms", "4.50 s".
std::string human_microseconds(uint64_t us);
/// "1 worker", "3 workers".
std::string counted(uint64_t count, std::string_view noun);

}  // namespace ringwall::cli
