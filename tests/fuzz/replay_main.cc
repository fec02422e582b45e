// Runs a fuzz target without libFuzzer: first over each file of the corpus, then over a fixed
// number of random mutations of them, so that every run of the tests is a short fuzz run too and
// finishes after the same work on any machine. The seed is printed and may be given to repeat a
// run: `fuzz_X CORPUS_DIR [MUTATIONS [SEED]]`.
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <vector>

#include "tests/fuzz/fuzz.h"

namespace {

using namespace std::string_view_literals;
using Bytes = std::vector<uint8_t>;

constexpr size_t input_bytes_max = 8192;

std::vector<Bytes> read_corpus(const char* directory) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.is_regular_file()) paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  std::vector<Bytes> corpus;
  for (const auto& path : paths) {
    std::ifstream file(path, std::ios::binary);
    corpus.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return corpus;
}

class Mutator {
 public:
  Mutator(const std::vector<Bytes>& corpus, uint64_t seed) : corpus_(corpus), random_(seed) {}

  Bytes next() {
    Bytes bytes = pick();
    for (size_t changes = 1 + below(4); changes > 0; --changes) change(bytes);
    if (bytes.size() > input_bytes_max) bytes.resize(input_bytes_max);
    return bytes;
  }

 private:
  size_t below(size_t n) { return random_() % n; }
  const Bytes& pick() { return corpus_[below(corpus_.size())]; }
  uint8_t byte() {
    constexpr std::string_view telling = "\r\n\r\n \t:,;=\"\\/0123456789abcdef-[]\0\x7f\xff"sv;
    return static_cast<uint8_t>(below(2) != 0 ? telling[below(telling.size())]
                                              : static_cast<char>(below(256)));
  }
  void change(Bytes& bytes) {
    size_t at = below(bytes.size() + 1);
    auto here = bytes.begin() + static_cast<std::ptrdiff_t>(at);
    size_t n = std::min(bytes.size() - at, 1 + below(16));
    switch (below(5)) {
      case 0:
        if (at < bytes.size()) *here = byte();
        break;
      case 1:
        bytes.insert(here, byte());
        break;
      case 2:
        bytes.erase(here, here + static_cast<std::ptrdiff_t>(n));
        break;
      case 3: {
        Bytes copy(here, here + static_cast<std::ptrdiff_t>(n));
        bytes.insert(here, copy.begin(), copy.end());
        break;
      }
      default: {  // the rest of another file
        const Bytes& other = pick();
        size_t from = below(other.size() + 1);
        bytes.erase(here, bytes.end());
        bytes.insert(bytes.end(), other.begin() + static_cast<std::ptrdiff_t>(from), other.end());
      }
    }
  }

  const std::vector<Bytes>& corpus_;
  std::mt19937_64 random_;
};

Bytes running;

// The input that was running when a check failed, to be kept in the corpus.
void write_find() {
  std::ofstream file("fuzz-find.bin", std::ios::binary);
  file.write(reinterpret_cast<const char*>(running.data()),
             static_cast<std::streamsize>(running.size()));
  std::fprintf(stderr, "the input is in fuzz-find.bin (%zu bytes)\n", running.size());
}

void run(const Bytes& bytes) {
  running = bytes;
  // A buffer of exactly the size, so that a sanitizer sees the first byte read beyond.
  Bytes exact(bytes);
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: %s CORPUS_DIR [MUTATIONS [SEED]]\n", argv[0]);
    return 2;
  }
  std::signal(SIGABRT, [](int) { write_find(); });
  std::vector<Bytes> corpus = read_corpus(argv[1]);
  corpus.emplace_back();
  for (const Bytes& bytes : corpus) run(bytes);
  uint64_t mutations = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 20000;
  uint64_t seed = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : std::random_device{}();
  std::printf("%zu files, %llu mutations, seed %llu\n", corpus.size(),
              static_cast<unsigned long long>(mutations), static_cast<unsigned long long>(seed));
  std::fflush(stdout);
  Mutator mutator(corpus, seed);
  for (uint64_t i = 0; i < mutations; ++i) run(mutator.next());
}
