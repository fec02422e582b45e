#include "conf/schema.h"

#include "conf/schema_rows.h"
#include "daemon/base/limits.h"

namespace ringwall::conf {
namespace {

constexpr Key top_keys[] = {
    special("include", Type::strings,
            "Further files, as paths or patterns of glob(7), relative to the directory of this "
            "file. Their tables are joined with those of this file; a key set in two files is an "
            "error, and so is a file that is included twice. A pattern may match nothing."),
};

constexpr Key process_keys[] = {
    key<&Process::workers>("workers", "auto",
                           "Worker processes. \"auto\": one for each processor that the master may "
                           "use.")
        .is(Type::cpus)
        .between(1, base::workers_max),
    key<&Process::user>("user", "",
                        "User that workers run as when the master runs as root. Unset: as the "
                        "master.")
        .at_restart(),
    key<&Process::group>("group", "", "Group that workers run as. Unset: the user's group.")
        .at_restart(),
    key<&Process::pid_file>("pid_file", "",
                            "File that holds the master's process id. Unset: none is written.")
        .is(Type::path)
        .at_restart(),
    key<&Process::connections_max>("connections_max", "10000",
                                   "Open client connections of each worker. More are not accepted "
                                   "until some close; they wait in the listener's backlog.")
        .between(1, 1000000),
    key<&Process::stop_deadline>("stop_deadline", "30s",
                                 "How long a graceful stop or an upgrade waits for exchanges in "
                                 "flight before it cuts them.")
        .or_zero(),
    key<&Process::heartbeat_deadline>("heartbeat_deadline", "5s",
                                      "A worker that has not answered the master for so long is "
                                      "killed and replaced.")
        .between(1s, 10min),
};

constexpr Key control_keys[] = {
    key<&Control::socket>("socket", "/run/ringwall/control.sock",
                          "Unix socket for ringwallctl(1), made with mode 0660.")
        .is(Type::path)
        .at_restart(),
    key<&Control::group>("group", "",
                         "Group that may connect to the socket. Unset: the master's group.")
        .at_restart(),
};

constexpr Key log_keys[] = {
    key<&Log::level>("level", "notice", "The least important events that the error log takes.")
        .one_of("error|warning|notice|info|debug"),
    key<&Log::error_file>("error_file", "", "File of the error log. Unset: standard error.")
        .is(Type::path)
        .one_of("stderr"),
    key<&Log::access_file>("access_file", "",
                           "File of the access log, or \"stdout\". Unset: no access log. Both "
                           "files are opened anew on SIGUSR1.")
        .is(Type::path)
        .one_of("stdout"),
    key<&Log::format>("format", "combined",
                      "Lines of the access log: the combined format with ringwall's fields behind "
                      "it, or one JSON object a line.")
        .one_of("combined|json"),
};

constexpr Key http_keys[] = {
    key<&Http::head_size_max>("head_size_max", "32KiB",
                              "Longest head of a request; a longer one is answered 431.")
        .is(Type::size)
        .between(1 * kib, base::head_bytes_max),
    key<&Http::target_size_max>("target_size_max", "8KiB",
                                "Longest target of a request; a longer one is answered 414.")
        .is(Type::size)
        .between(256, base::head_bytes_max),
    key<&Http::body_size_max>("body_size_max", "0",
                              "Longest content of a request; a longer one is answered 413. 0: "
                              "unlimited, as contents are streamed and never held whole.")
        .is(Type::size)
        .between(1, 1024 * 1024 * gib)
        .or_zero(),
    key<&Http::head_timeout>("head_timeout", "15s",
                             "From the first byte of a request to the end of its head; then 408."),
    key<&Http::body_timeout>("body_timeout", "30s",
                             "Between two pieces of a request's content; then 408."),
    key<&Http::send_timeout>("send_timeout", "60s",
                             "Between two pieces of a response that the client takes; then the "
                             "connection is closed."),
    key<&Http::idle_timeout>("idle_timeout", "60s",
                             "A connection without a request is closed after so long."),
    key<&Http::exchange_timeout>("exchange_timeout", "0",
                                 "The whole of one exchange, request and response. 0: unlimited.")
        .or_zero(),
    key<&Http::requests_max>("requests_max", "0",
                             "Requests on one connection, which is then closed. 0: unlimited.")
        .between(1, 1000000000)
        .or_zero(),
    key<&Http::via>("via", "ringwall",
                    "Name of this proxy in the fields Via and Cache-Status. Proxies in a chain "
                    "need different names."),
};

constexpr Key listener_keys[] = {
    key<&Listener::name>("name", "",
                         "Name for routes, logs and counters. Unset: the address as written."),
    key<&Listener::address>("address", "",
                            "Where to listen. An address without host (\":80\") is all of IPv6 and "
                            "IPv4.")
        .must(),
    key<&Listener::backlog>("backlog", "4096",
                            "Connections that the kernel keeps until a worker accepts them; "
                            "net.core.somaxconn bounds it too.")
        .between(1, 65535),
    key<&Listener::trusted>("trusted", "",
                            "Peers (load balancers) whose Forwarded and X-Forwarded-For are "
                            "believed and extended. From all others these fields are dropped."),
    key<&Listener::ipv6_only>("ipv6_only", "false", "An IPv6 address takes no IPv4 connections."),
};

constexpr Key upstream_keys[] = {
    key<&Upstream::balance>("balance", "round-robin",
                            "How a backend is chosen; both respect weights.")
        .one_of("round-robin|least-connections"),
    special("backends", Type::backends,
            "The servers: addresses or names with a port, or tables where a weight is wanted. "
            "Names are resolved while ringwall runs; one that does not resolve does not stop it.")
        .must(),
    key<&Upstream::connect_timeout>("connect_timeout", "3s", "To open a connection."),
    key<&Upstream::send_timeout>("send_timeout", "60s",
                                 "Between two pieces of a request that the backend takes."),
    key<&Upstream::first_byte_timeout>("first_byte_timeout", "60s",
                                       "From the end of the request to the first byte of the "
                                       "response; then 504."),
    key<&Upstream::idle_timeout>("idle_timeout", "60s", "Between two pieces of a response."),
    key<&Upstream::pool_size>("pool_size", "64",
                              "Idle connections kept open to each backend by each worker. 0: none "
                              "are kept.")
        .between(1, 65535)
        .or_zero(),
    key<&Upstream::pool_idle_timeout>("pool_idle_timeout", "30s",
                                      "A kept connection is closed after so long unused."),
    key<&Upstream::connections_max>("connections_max", "0",
                                    "Connections to each backend by each worker; further requests "
                                    "wait in line. 0: unlimited.")
        .between(1, 65535)
        .or_zero(),
    key<&Upstream::queue_timeout>("queue_timeout", "5s", "Longest wait in that line; then 503."),
    key<&Upstream::retries>("retries", "1",
                            "Further backends tried after a failure, where that is safe: nothing "
                            "was sent, or the method is idempotent and no byte of the response "
                            "came. 0: none.")
        .between(1, 16)
        .or_zero(),
    key<&Upstream::eject_after>("eject_after", "3",
                                "Failures in a row after which a backend gets no requests for a "
                                "while. 0: never.")
        .between(1, 1000)
        .or_zero(),
    key<&Upstream::eject_time>("eject_time", "10s",
                               "Length of that while; doubles with each further ejection up to "
                               "tenfold. Then one request is tried."),
    key<&Upstream::resolve_interval>("resolve_interval", "30s",
                                     "Names are resolved again after so long, or earlier when "
                                     "their time to live is shorter.")
        .between(1s, day),
    key<&Upstream::host_field>("host_field", "client",
                               "The Host field that backends get: the client's, or the backend as "
                               "written here.")
        .one_of("client|backend"),
};

constexpr Key backend_keys[] = {
    special("address", Type::string,
            "\"192.0.2.1:80\", \"[2001:db8::1]:80\", \"app.example:8080\" or \"unix:/path\".")
        .must(),
    key<&Backend::weight>("weight", "1", "Share of the requests, relative to the others.")
        .between(1, 1000),
};

constexpr Key route_keys[] = {
    key<&Route::name>("name", "", "Name for logs and counters. Unset: host and path."),
    key<&Route::host>("host", "",
                      "Host of the request: a name, or \"*.\" and a name for all names below it at "
                      "any depth. Unset: any host."),
    key<&Route::path>("path", "/",
                      "Path that the request's path equals or lies below, by whole segments. With "
                      "a slash at its end only what lies below."),
    key<&Route::path_exact>("path_exact", "false", "Only this very path, nothing below it."),
    special("listeners", Type::listener_names,
            "Names of the listeners that the route is for. Unset: all."),
    special("upstream", Type::reference, "Action: the upstream that answers."),
    special("respond", Type::answer, "Action: ringwall itself gives a fixed answer."),
    special("metrics", Type::boolean,
            "Action, if true: ringwall answers with its numbers in the Prometheus text format."),
    special("cache", Type::route_cache,
            "Caching of what the upstream answers; false turns it off for this route."),
};

constexpr Key answer_keys[] = {
    key<&FixedAnswer::status>("status", "200", "Status code.").between(200, 599),
    special("fields", Type::fields,
            "Fields of the answer, each with a value or a list of values. Those that frame the "
            "message (Content-Length, Connection and the like) are ringwall's own."),
    key<&FixedAnswer::body>("body", "", "Content of the answer."),
    key<&FixedAnswer::delay>("delay", "0", "Wait before answering, for demos and tests.")
        .between(1ms, 10min)
        .or_zero(),
};

const Section sections[] = {
    {"", "Top of a file", "Before the first table.", top_keys},
    {"process", "[process]", "The processes of the daemon.", process_keys},
    {"control", "[control]", "The door for ringwallctl(1).", control_keys},
    {"log", "[log]", "Error log and access log.", log_keys},
    {"cache", "[cache]", "The cache shared by all workers.", cache_rows()},
    {"http", "[http]", "Limits and timeouts towards clients, for all listeners.", http_keys},
    {"listener", "[[listener]]", "An address where clients connect; at least one.", listener_keys},
    {"upstream", "[upstream.NAME]", "A named group of backends.", upstream_keys},
    {"backend", "{ address, weight } in backends", "One backend that is written as a table.",
     backend_keys},
    {"route", "[[route]]", "What answers a request; has exactly one of the actions.", route_keys},
    {"respond", "respond = { … } in a route", "A fixed answer.", answer_keys},
    {"route_cache", "cache = { … } in a route", "Caching of one route.", route_cache_rows()},
    {"cache_key", "key = { … } in cache of a route",
     "What tells stored responses apart, beside scheme, host and path.", cache_key_rows()},
};

}  // namespace

std::span<const Section> schema() {
  return sections;
}

}  // namespace ringwall::conf
