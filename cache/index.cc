#include "cache/index.h"

#include <xxhash.h>

#include "cache/process.h"

namespace ringwall::cache {

static_assert(sizeof(Superblock::secret) >= XXH3_SECRET_SIZE_MIN);

uint64_t hash_text(const Superblock& super, std::string_view text) {
  return XXH3_64bits_withSecret(text.data(), text.size(), super.secret, sizeof(super.secret));
}

Ref find_in_chain(const Process& process, Ref from, uint32_t hash, std::string_view key) {
  for (Ref ref = from; ref != 0;) {
    const Entry& entry = process.entry(ref);
    // The key, while the hash is on its way.
    const auto* bytes = reinterpret_cast<const std::byte*>(&entry);
    __builtin_prefetch(bytes + 64);
    __builtin_prefetch(bytes + 128);
    if (matches(entry, hash, key)) return ref;
    ref = entry.chain;
  }
  return 0;
}

void link_chain(Process& process, Section& section, Entry& entry) {
  Ref& bucket = process.bucket(process.bucket_of(entry.hash));
  section.set(entry.chain, bucket);
  section.set(bucket, process.ref(&entry));
}

void unlink_chain(Process& process, Section& section, Entry& entry) {
  const Ref target = process.ref(&entry);
  Ref* link = &process.bucket(process.bucket_of(entry.hash));
  while (*link != target) {
    RW_ASSERT(*link != 0);
    link = &process.entry(*link).chain;
  }
  section.set(*link, entry.chain);
}

}  // namespace ringwall::cache
