// Commands that look at the cache.
#include <fmt/format.h>

#include "cli/ask.h"
#include "cli/units.h"
#include "daemon/control/reports_cache.h"

namespace ringwall::cli {

using control::Json;
using control::Method;
using control::Outcome;

Outcome show_usage(const Invocation& invocation, Output& output) {
  return ask<control::CacheReport>(
      invocation, output, Method::cache_usage, Json::object(),
      [&output](const control::CacheReport& report) {
        Table table({{"CACHE"}, {"", Align::right}});
        auto number = [&table](const char* name, uint64_t value) {
          table.add({name, std::to_string(value)});
        };
        bool changes = report.resizing == "growing" || report.resizing == "shrinking";
        table.add({changes ? report.resizing + " to size" : "size",
                   output.bytes(report.arena_bytes)});
        table.add({"size at most", output.bytes(report.arena_bytes_max)});
        table.add({"reserved", output.bytes(report.reserved_bytes)});
        table.add({"used", output.bytes(report.used_bytes)});
        table.add({"protected", output.bytes(report.protected_bytes)});
        table.add({"content", output.bytes(report.content_bytes)});
        number("stored responses", report.objects);
        number("being stored", report.filling);
        number("being read", report.pinned);
        number("removed, still read", report.limbo);
        number("uncacheable keys", report.markers);
        number("purges pending", report.purges_pending);
        number("hits", report.hits);
        number("misses", report.misses);
        number("collapsed", report.follows);
        number("fills", report.fills);
        number("stored", report.stored);
        number("abandoned", report.abandoned);
        number("uncacheable", report.uncacheable);
        number("evicted", report.evictions);
        table.add({"evicted content", output.bytes(report.evicted_bytes)});
        number("evicted unused", report.evicted_unused);
        number("stored again soon", report.returned);
        number("purged", report.purged);
        number("no room", report.no_room);
        number("busy", report.busy);
        number("recoveries", report.recoveries);
        output.table(table);
        return Outcome::done;
      });
}

Outcome verify(const Invocation& invocation, Output& output) {
  return ask<control::VerifyReport>(
      invocation, output, Method::cache_verify, Json::object(),
      [&output](const control::VerifyReport& report) {
        for (const std::string& breach : report.breaches) output.say("{}", printable(breach));
        output.say("{}: {} in the structure", counted(report.objects, "stored response"),
                   report.breaches.empty() ? "no fault" : counted(report.breaches.size(), "fault"));
        if (report.segment == "replaced") output.say("an empty segment has taken its place");
        if (report.segment == "off") output.say("the cache is switched off; the error log tells why");
        return report.breaches.empty() ? Outcome::done : Outcome::failed;
      });
}

}  // namespace ringwall::cli
