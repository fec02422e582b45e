// The rows about caching: [cache], `cache` of a route, `key` in it.
#include "conf/schema_rows.h"

namespace ringwall::conf {
namespace {

constexpr Key cache_keys[] = {
    key<&Cache::size>("size", "256MiB",
                      "Memory for stored responses and those in flight, one arena shared by all "
                      "workers. It is really reserved, behind the start and where a reload raises "
                      "it. Where a reload lowers it memory is given back, with what is stored "
                      "there: of a full cache about that part by which it shrinks, whatever its "
                      "use. From and to 0, no cache, only at a restart.")
        .is(Type::size)
        .between(4 * mib, 256 * gib)
        .or_zero(),
    key<&Cache::size_max>("size_max", "0",
                          "To what a reload may raise `size`. Costs 0.8 % of it for tables, from "
                          "the start. 0: twice `size` as it was at the start.")
        .is(Type::size)
        .between(4 * mib, cache_size_max)
        .or_zero()
        .at_restart(),
    key<&Cache::literal_lru>("order", "segmented",
                             "What is evicted first. \"segmented\": the least recently used, of "
                             "two lists: of responses used once, and of those used again or asked "
                             "for again soon after their eviction. The cache remembers the names "
                             "of what it evicted, for up to 0.2 % more memory, and learns from "
                             "what comes back which list was too short. Keeps more of what is "
                             "wanted. \"lru\": the least recently used, literally.")
        .is(Type::choice)
        .one_of("segmented|lru")
        .at_restart(),
    key<&Cache::object_size_max>("object_size_max", "0",
                                 "Larger responses pass through without being stored. 0: a quarter "
                                 "of `size`.")
        .is(Type::size)
        .between(1, 256 * gib)
        .or_zero(),
    key<&Cache::huge_pages>("huge_pages", "false",
                            "Ask the kernel for huge pages; lookups in a large cache cost a "
                            "quarter less.")
        .at_restart(),
    key<&Cache::purge_from>("purge_from", "",
                            "Clients from these networks may purge by a request with the method "
                            "PURGE. Unset: nobody may."),
    key<&Cache::purge_token>("purge_token", "",
                             "What such a request must carry as \"Authorization: Bearer\" besides. "
                             "Unset: the address is enough."),
    key<&Cache::purge_soft>("purge_soft", "true",
                            "Purges by tag, group and prefix mark responses stale where the caller "
                            "does not say otherwise; false: they remove them. Purges by URL always "
                            "remove unless asked to mark."),
};

constexpr Key route_cache_keys[] = {
    key<&RouteCache::enabled>("enabled", "true", "Store responses and answer from the cache."),
    key<&RouteCache::default_lifetime>("default_lifetime", "",
                                       "Freshness lifetime of responses that may be stored but "
                                       "name none. Unset: guessed from Last-Modified, see "
                                       "`heuristic_percent`.")
        .between(1s, year),
    key<&RouteCache::heuristic_percent>("heuristic_percent", "10",
                                        "Where a response names no lifetime it is fresh for this "
                                        "part of the time since its Last-Modified, if its status "
                                        "allows that. 0: never guess.")
        .between(1, 100)
        .or_zero(),
    key<&RouteCache::heuristic_max>("heuristic_max", "1d", "Longest lifetime that is guessed.")
        .between(1s, year),
    special("negative", Type::lifetimes,
            "Lifetimes by status for responses that name none, such as { 404 = \"10s\" }."),
    key<&RouteCache::uncacheable_time>("uncacheable_time", "10s",
                                       "How long a URL is remembered whose response must not be "
                                       "stored, so that its requests do not wait for each other. "
                                       "0: not.")
        .between(1s, day)
        .or_zero(),
    key<&RouteCache::targeted_field>("targeted_field", "",
                                     "A response field such as \"Ringwall-Cache-Control\" that "
                                     "decides alone on caching here, before CDN-Cache-Control and "
                                     "Cache-Control (RFC 9213)."),
    key<&RouteCache::tag_fields>("tag_fields", "",
                                 "Response fields that name tags to purge by, such as "
                                 "[\"Cache-Tag\", \"Surrogate-Key\", \"xkey\"]."),
    key<&RouteCache::tags_sent>("tags_sent", "false", "Send those fields on to clients."),
    key<&RouteCache::object_size_max>("object_size_max", "0",
                                      "Larger responses of this route pass through without being "
                                      "stored. 0: `object_size_max` of [cache] alone counts.")
        .is(Type::size)
        .between(1, 256 * gib)
        .or_zero(),
    key<&RouteCache::min_uses>("min_uses", "1",
                               "A response is stored when it was asked for so often within "
                               "`min_uses_time`; before, it is shared by those who wait for it.")
        .between(1, 15),
    key<&RouteCache::min_uses_time>("min_uses_time", "10m", "How far back requests count for that.")
        .between(1s, day),
    key<&RouteCache::client_directives>("client_directives", "true",
                                        "Requests may direct the cache by Cache-Control and "
                                        "Pragma (RFC 9111 section 5.2.1); false: they are ignored, "
                                        "so that no client can make the origin work."),
    key<&RouteCache::grace>("grace", "0",
                            "Stale responses may be used for so long while they are refreshed, and "
                            "when the origin fails; never against must-revalidate and its like. "
                            "0: only as the response itself allows.")
        .between(1s, year)
        .or_zero(),
    key<&RouteCache::refresh_ahead>("refresh_ahead", "0",
                                    "Responses that are asked for often are refreshed when less "
                                    "than this is left of their lifetime. 0: not before its end.")
        .between(1s, day)
        .or_zero(),
    key<&RouteCache::variants_max>("variants_max", "64",
                                   "Responses with different selecting fields (Vary) that one URL "
                                   "may have; the least recently used goes first.")
        .between(1, 1024),
    key<&RouteCache::accept_encoding>("accept_encoding", "canonical",
                                      "Accept-Encoding as it selects variants and as it is sent to "
                                      "the origin: reduced to which of br, gzip and zstd the "
                                      "client takes, or as the client sent it.")
        .is(Type::choice)
        .one_of("as-sent|canonical"),
    key<&RouteCache::languages>("languages", "",
                                "Languages that the origin has, such as [\"en\", \"de\"]: "
                                "Accept-Language is narrowed to the one the client likes best. "
                                "Unset: as the client sent it."),
    special("key", Type::cache_key, "What a stored response is found by."),
    key<&RouteCache::lock_timeout>("lock_timeout", "10s",
                                   "How long a request waits for another's fetch of the same "
                                   "response to bring a head. Where that fails one of those who "
                                   "wait fetches once more for all, unless a stale response may "
                                   "be used; where that fails too all get its error."),
    key<&RouteCache::waiters_max>("waiters_max", "0",
                                  "Requests that may wait for one fetch in each worker. 0: "
                                  "unlimited.")
        .between(1, 1000000)
        .or_zero(),
    key<&RouteCache::overflow>("overflow", "fetch",
                               "What becomes of a request that waited too long or would be one too "
                               "many to wait, if no stale response may be used: it fetches for "
                               "itself, or is rejected with 503.")
        .one_of("fetch|reject"),
    key<&RouteCache::finish_percent>("finish_percent", "0",
                                     "When all clients of a fetch have gone before it is complete, "
                                     "it goes on if at least this part of the response has come; "
                                     "one of unknown length counts as not begun. 0: it always "
                                     "goes on.")
        .between(1, 100)
        .or_zero(),
    key<&RouteCache::slice_size>("slice_size", "1MiB",
                                 "A range of a response that is not stored is fetched in slices of "
                                 "this size, which are stored each for itself, where the origin "
                                 "gives ranges and a strong ETag: the last part of a large file "
                                 "does not cost the whole. 0: the whole is fetched.")
        .is(Type::size)
        .between(4 * kib, 64 * mib)
        .or_zero(),
};

constexpr Key cache_key_keys[] = {
    key<&CacheKey::query>("query", "true", "The query belongs to the key."),
    key<&CacheKey::query_only>("query_only", "",
                               "Of the query only these parameters; \"id*\" stands for all that "
                               "begin so. Unset: all."),
    key<&CacheKey::query_without>("query_without", "",
                                  "Parameters that do not belong to the key, such as [\"utm_*\"]."),
    key<&CacheKey::query_sorted>("query_sorted", "false",
                                 "Parameters are put in the order of their names."),
    key<&CacheKey::path_lower_case>("path_lower_case", "false",
                                    "Paths that differ in case only are one."),
    key<&CacheKey::host>("host", "true",
                         "The host belongs to the key; false: all hosts of the route share their "
                         "responses."),
    key<&CacheKey::fields>("fields", "", "Request fields whose values belong to the key."),
    key<&CacheKey::cookies>("cookies", "", "Cookies whose values belong to the key."),
};

}  // namespace

std::span<const Key> cache_rows() {
  return cache_keys;
}

std::span<const Key> route_cache_rows() {
  return route_cache_keys;
}

std::span<const Key> cache_key_rows() {
  return cache_key_keys;
}

}  // namespace ringwall::conf
