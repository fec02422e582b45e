#include "cli/commands.h"

#include <array>

namespace ringwall::cli {
namespace {

constexpr std::array purge_options = {
    Option{"prefix", "URL", "All below this URL"},
    Option{"host", "HOST", "All of this host, on all ports where it names none"},
    Option{"tag", "TAG", "All that carry this tag", 0, true},
    Option{"group", "NAME", "All in this cache group of --origin"},
    Option{"origin", "URL", "With --group, the origin whose group it is"},
    Option{"all", "", "Everything"},
    Option{"file", "FILE", "The URLs in this file, one a line; - is standard input", 'f'},
    Option{"soft", "", "Mark as stale instead of removing"},
    Option{"hard", "", "Remove instead of marking as stale"},
    Option{"dry-run", "", "Only count"},
};
constexpr std::array load_options = {
    Option{"soft", "", "Mark all that is loaded as stale"},
};
constexpr std::array warm_options = {
    Option{"file", "FILE", "The URLs in this file, one a line; - is standard input", 'f'},
    Option{"rate", "N", "Requests a second, at most"},
    Option{"field", "LINE", "A field of each request, as in curl", 'H', true},
};
constexpr std::array explain_options = {
    Option{"field", "LINE", "A field of the request, as in curl", 'H', true},
    Option{"head", "", "A HEAD request"},
    Option{"listener", "NAME", "The listener that the request comes to"},
};
constexpr std::array list_options = {
    Option{"prefix", "URL", "Only what is below this URL"},
    Option{"limit", "N", "At most so many"},
};
constexpr std::array top_options = {
    Option{"by", "hits|bytes|origin-time", "What counts; the last is hits times what a fetch took"},
    Option{"limit", "N", "At most so many"},
};
constexpr std::array drain_options = {
    Option{"wait", "", "Return when the backend has no request left"},
};
constexpr std::array stats_options = {
    Option{"watch", "SECONDS", "Print again and again, with the rate per second"},
    Option{"count", "N", "With --watch, end after N times"},
};
constexpr std::array stop_options = {
    Option{"fast", "", "End at once and cut off requests under way"},
};

constexpr std::array common = {
    Option{"socket", "PATH", "Control socket of the daemon"},
    Option{"timeout", "SECONDS", "Longest wait for the daemon"},
    Option{"json", "", "Print JSON"},
    Option{"verbose", "", "Show the steps of long work"},
};

constexpr std::array noun_table = {
    Noun{"cache", "Stored responses"},
    Noun{"cache snapshot", "Stored responses in a file"},
    Noun{"backend", "Servers behind the proxy"},
    Noun{"worker", "Worker processes"},
    Noun{"config", "The config file"},
    Noun{"log", "Log files"},
};

constexpr std::array<Command, 23> command_table = {{
    {"status", "", 0, 0, "", {}, "Show what runs", show_status},
    {"reload", "", 0, 0, "", {}, "Read the config again and put it in force", reload},
    {"cache purge", "URL", 0, 2, "", purge_options, "Remove stored responses or mark them stale",
     purge},
    {"cache explain", "URL", 1, 1, "", explain_options,
     "Show what a request would meet in the cache and why", explain},
    {"cache list", "", 0, 0, "", list_options, "Show stored responses", list_stored},
    {"cache top", "", 0, 0, "", top_options, "Show the stored responses that count most",
     show_top},
    {"cache stats", "", 0, 0, "", {}, "Show how much the cache does by route", show_cache_stats},
    {"cache usage", "", 0, 0, "", {}, "Show what the cache holds", show_usage},
    {"cache verify", "", 0, 0, "", {}, "Check the structure of the cache", verify},
    {"cache snapshot save", "FILE", 1, 1, "", {}, "Write all stored responses to a file",
     save_snapshot},
    {"cache snapshot load", "FILE", 1, 1, "", load_options, "Store the responses of such a file",
     load_snapshot},
    {"cache warm", "URL", 0, 2, "", warm_options, "Request URLs so that they are stored", warm},
    {"stats", "", 0, 0, "", stats_options, "Show all counters", show_stats},
    {"metrics", "", 0, 0, "", {}, "Print the Prometheus text", show_metrics},
    {"backend list", "", 0, 0, "", {}, "Show the backends", list_backends},
    {"backend drain", "BACKEND", 1, 1, "", drain_options, "Give a backend no further requests",
     drain},
    {"backend ready", "BACKEND", 1, 1, "", {}, "Take a drain back", make_ready},
    {"worker list", "", 0, 0, "", {}, "Show the workers", list_workers},
    {"config check", "FILE", 0, 1, "", {}, "Check a config file; needs no daemon", check_config},
    {"log reopen", "", 0, 0, "", {}, "Open the log files anew", reopen_logs},
    {"stop", "", 0, 0, "", stop_options, "Stop the daemon", stop},
    {"upgrade", "", 0, 0, "", {}, "Replace the daemon by its new binary", upgrade},
    {"completion",
     "SHELL",
     1,
     1,
     "bash zsh fish",
     {},
     "Print the completion script of a shell",
     print_completion},
}};

}  // namespace

std::span<const Command> commands() {
  return command_table;
}

std::span<const Noun> nouns() {
  return noun_table;
}

std::span<const Option> common_options() {
  return common;
}

}  // namespace ringwall::cli
