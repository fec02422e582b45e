#include "daemon/control/protocol.h"

#include <gtest/gtest.h>

#include <set>

#include "daemon/control/params.h"
#include "daemon/control/reports.h"
#include "daemon/control/reports_cache.h"
#include "daemon/control/reports_serving.h"

namespace ringwall::control {
namespace {

int code_of(std::string_view line) {
  auto request = parse_request(line);
  return request ? 0 : request.error().code;
}

template <class T>
T as(const std::variant<Reply, Progress>& answer) {
  const T* found = std::get_if<T>(&answer);
  EXPECT_NE(found, nullptr);
  return found != nullptr ? *found : T();
}

std::variant<Reply, Progress> answer_in(std::string_view line) {
  auto answer = parse_answer(line);
  EXPECT_TRUE(answer) << answer.error().what;
  return answer ? *answer : std::variant<Reply, Progress>();
}

PurgeParams purging(std::vector<std::string> urls) {
  PurgeParams params;
  params.urls = std::move(urls);
  return params;
}

TEST(Methods, are_found_by_name_and_named_once) {
  std::set<std::string_view> names;
  for (const MethodRow& row : methods()) {
    EXPECT_TRUE(names.insert(row.name).second);
    EXPECT_EQ(find_method(row.name), &row);
    EXPECT_EQ(&row_of(row.method), &row);
    EXPECT_FALSE(row.help.empty());
  }
  EXPECT_EQ(find_method("reboot"), nullptr);
}

TEST(Requests, come_back_as_they_were_written) {
  std::string text = request_text(7, "cache.purge", encode(purging({"http://a/b"})));
  ASSERT_TRUE(text.ends_with('\n'));
  EXPECT_EQ(text.find('\n'), text.size() - 1) << "one line";
  auto request = parse_request(text);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->id, 7);
  EXPECT_EQ(request->method, "cache.purge");
  auto params = read_params<PurgeParams>(*request);
  ASSERT_TRUE(params);
  EXPECT_EQ(params->urls, std::vector<std::string>{"http://a/b"});
  EXPECT_FALSE(params->prefix);
}

TEST(Requests, that_are_none_get_the_code_of_json_rpc) {
  EXPECT_EQ(code_of(R"({"jsonrpc":"2.0","id":1,"method":"status"})"), 0);
  EXPECT_EQ(code_of(R"({"jsonrpc":"2.0","method":"status"})"), 0);
  EXPECT_EQ(code_of(""), rpc_parse_error);
  EXPECT_EQ(code_of("{"), rpc_parse_error);
  EXPECT_EQ(code_of("\xff\xfe"), rpc_parse_error);
  EXPECT_EQ(code_of("null"), rpc_invalid_request);
  EXPECT_EQ(code_of("[]"), rpc_invalid_request);
  EXPECT_EQ(code_of(R"({"id":1,"method":"status"})"), rpc_invalid_request);
  EXPECT_EQ(code_of(R"({"jsonrpc":2.0,"id":1,"method":"status"})"), rpc_invalid_request);
  EXPECT_EQ(code_of(R"({"jsonrpc":"2.0","id":1})"), rpc_invalid_request);
  EXPECT_EQ(code_of(R"({"jsonrpc":"2.0","id":1,"method":5})"), rpc_invalid_request);
  EXPECT_EQ(code_of(R"({"jsonrpc":"2.0","id":{},"method":"status"})"), rpc_invalid_request);
  EXPECT_EQ(code_of(R"({"jsonrpc":"2.0","id":1,"method":"status","params":[1]})"),
            rpc_invalid_params);
}

TEST(Requests, nested_to_the_limit_of_their_size_do_no_harm) {
  std::string deep(base::control_message_bytes_max, '[');
  EXPECT_EQ(code_of(deep), rpc_parse_error);
  std::string closed = std::string(500'000, '[') + std::string(500'000, ']');
  EXPECT_EQ(code_of(R"({"jsonrpc":"2.0","id":1,"method":"status","params":)" + closed + "}"),
            rpc_parse_error);
  EXPECT_FALSE(parse_answer(R"({"jsonrpc":"2.0","id":1,"result":)" + closed + "}"));
}

TEST(Params, of_the_wrong_kind_are_refused_by_name) {
  auto wrong = [](std::string_view params) -> std::string {
    Request request{1, "backend.drain", Json::parse(params)};
    auto read = read_params<DrainParams>(request);
    return read ? "" : read.error().message;
  };
  EXPECT_EQ(wrong(R"({"backend":"app/a:1","wait":true,"timeout_ms":5})"), "");
  EXPECT_EQ(wrong(R"({"backend":1})"), "backend: must be a string");
  EXPECT_EQ(wrong(R"({"wait":1})"), "wait: must be true or false");
  EXPECT_EQ(wrong(R"({"timeout_ms":-1})"), "timeout_ms: is out of range");
  EXPECT_EQ(wrong(R"({"timeout_ms":1.5})"), "timeout_ms: must be a whole number");
  EXPECT_EQ(wrong(R"({"backend":"a","tiemout_ms":1})"), "there is no parameter \"tiemout_ms\"");
}

TEST(Params, of_a_purge_name_exactly_one_kind) {
  PurgeParams params;
  EXPECT_FALSE(params.valid());
  EXPECT_TRUE(purging({"u"}).valid());
  params.prefix = "p";
  EXPECT_TRUE(params.valid());
  params.tags = {"t"};
  EXPECT_FALSE(params.valid());
  params.prefix.reset();
  EXPECT_TRUE(params.valid());
  params.bulk = true;
  EXPECT_FALSE(params.valid()) << "only URLs come in bulk";
  params = purging({"u"});
  params.all = true;
  EXPECT_FALSE(params.valid());
}

TEST(Params, of_a_purge_by_group_say_whose_group_it_is) {
  PurgeParams params;
  params.group = "g";
  EXPECT_FALSE(params.valid());
  params.origin = "http://example.org";
  EXPECT_TRUE(params.valid());
  params.group.reset();
  EXPECT_FALSE(params.valid());
  params.host = "example.org";
  EXPECT_FALSE(params.valid());
}

TEST(Params, name_a_backend_with_or_without_its_upstream) {
  EXPECT_TRUE(means_backend("app/10.0.0.1:80", "app", "10.0.0.1:80"));
  EXPECT_TRUE(means_backend("10.0.0.1:80", "app", "10.0.0.1:80"));
  EXPECT_TRUE(means_backend("app/unix:/run/a", "app", "unix:/run/a"));
  EXPECT_TRUE(means_backend("unix:/run/a", "app", "unix:/run/a"));
  EXPECT_FALSE(means_backend("api/10.0.0.1:80", "app", "10.0.0.1:80"));
  EXPECT_FALSE(means_backend("app/10.0.0.1:8", "app", "10.0.0.1:80"));
  EXPECT_FALSE(means_backend("app", "app", "10.0.0.1:80"));
}

TEST(Answers, results_errors_and_progress_are_told_apart) {
  Reply done = as<Reply>(answer_in(result_text(3, encode(StopReport{"fast"}))));
  EXPECT_EQ(done.id, 3);
  ASSERT_TRUE(done.ok());
  EXPECT_EQ(decode<StopReport>(std::get<Json>(done.answer))->mode, "fast");

  RpcError error(Outcome::nothing_matched, "nothing matched", Json{{"objects", 0}});
  Reply failed = as<Reply>(answer_in(error_text("x", error)));
  EXPECT_EQ(failed.id, "x");
  ASSERT_FALSE(failed.ok());
  const RpcError& read = std::get<RpcError>(failed.answer);
  EXPECT_EQ(read.message, "nothing matched");
  EXPECT_EQ(read.data["objects"], 0);
  EXPECT_EQ(outcome_of(read), Outcome::nothing_matched);

  Progress progress = as<Progress>(answer_in(progress_text(3, "worker 0 is ready")));
  EXPECT_EQ(progress.id, 3);
  EXPECT_EQ(progress.text, "worker 0 is ready");
}

TEST(Answers, that_are_none_are_errors) {
  for (const char* line :
       {"", "5", "{}", R"({"jsonrpc":"2.0","id":1})", R"({"jsonrpc":"2.0","id":1,"error":5})",
        R"({"jsonrpc":"2.0","id":1,"error":{"code":1}})",
        R"({"jsonrpc":"2.0","id":1,"result":1,"error":{"code":1,"message":""}})",
        R"({"jsonrpc":"2.0","method":"shout","params":{}})",
        R"({"jsonrpc":"2.0","method":"progress"})"}) {
    EXPECT_FALSE(parse_answer(line)) << line;
  }
}

TEST(Answers, replace_bytes_that_are_no_text) {
  std::string text = error_text(1, RpcError(Outcome::failed, "bad \xff byte\nhere"));
  EXPECT_EQ(text.find('\n'), text.size() - 1);
  EXPECT_TRUE(parse_answer(text));
}

TEST(Outcomes, every_code_has_an_exit_code) {
  EXPECT_EQ(outcomes().size(), 9u);
  EXPECT_EQ(outcome_of(RpcError(rpc_invalid_params, "")), Outcome::usage);
  EXPECT_EQ(outcome_of(RpcError(rpc_parse_error, "")), Outcome::failed);
  EXPECT_EQ(outcome_of(RpcError(0, "")), Outcome::failed) << "an error is never 'done'";
  EXPECT_EQ(outcome_of(RpcError(9, "")), Outcome::failed);
  for (const OutcomeRow& row : outcomes()) {
    if (row.outcome == Outcome::done) continue;
    EXPECT_EQ(outcome_of(RpcError(row.outcome, "")), row.outcome);
  }
}

TEST(Reports, come_back_as_they_were_encoded) {
  StatusReport status;
  status.version = "1.2.3";
  status.pid = 42;
  status.listeners = {{"web", "[::]:80"}};
  status.workers.resize(2);
  status.workers[1].state = "draining";
  auto read = decode<StatusReport>(encode(status));
  ASSERT_TRUE(read);
  EXPECT_EQ(encode(*read), encode(status));
  EXPECT_EQ(read->workers[1].state, "draining");
}

TEST(Reports, of_another_release_are_understood) {
  auto report = decode<WorkerReport>(Json{{"pid", 5}, {"colour", "green"}});
  ASSERT_TRUE(report);
  EXPECT_EQ(report->pid, 5);
  EXPECT_EQ(report->slot, 0u);
}

TEST(Reports, that_are_malformed_are_refused) {
  EXPECT_FALSE(decode<WorkerReport>(Json(5)));
  EXPECT_FALSE(decode<WorkerReport>(Json{{"slot", -1}}));
  EXPECT_FALSE(decode<WorkerListReport>(Json{{"workers", {1}}}));
  auto deep = decode<WorkerListReport>(Json{{"workers", {{{"pid", "x"}}}}});
  ASSERT_FALSE(deep);
  EXPECT_EQ(deep.error().what, "workers: pid: must be a whole number");
}

TEST(Lines, are_cut_however_the_bytes_arrive) {
  LineBuffer buffer;
  EXPECT_EQ(buffer.next(), std::nullopt);
  buffer.append("on");
  EXPECT_EQ(buffer.next(), std::nullopt);
  buffer.append("e\ntwo\n\nth");
  EXPECT_EQ(buffer.next(), "one");
  EXPECT_EQ(buffer.next(), "two");
  EXPECT_EQ(buffer.next(), "");
  EXPECT_EQ(buffer.next(), std::nullopt);
  buffer.append("ree\n");
  EXPECT_EQ(buffer.next(), "three");
  EXPECT_FALSE(buffer.overflowed());
}

TEST(Lines, that_are_too_long_end_the_stream) {
  for (std::string tail : {"", "\n"}) {
    LineBuffer buffer;
    buffer.append("short\n");
    buffer.append(std::string(base::control_message_bytes_max + 1, 'x') + tail);
    EXPECT_EQ(buffer.next(), "short");
    EXPECT_EQ(buffer.next(), std::nullopt);
    EXPECT_TRUE(buffer.overflowed());
  }
  LineBuffer most;
  most.append(std::string(base::control_message_bytes_max, 'x') + "\n");
  EXPECT_TRUE(most.next());
  EXPECT_FALSE(most.overflowed());
}

}  // namespace
}  // namespace ringwall::control
