#include "cli/output.h"

#include "cli/units.h"

namespace ringwall::cli {

using control::Json;

void Output::table(const Table& table) {
  if (form_.json) return;
  if (form_.terminal) {
    if (!table.empty()) write(out_, table.aligned());
  } else {
    write(out_, table.tab_separated());
  }
}

void Output::json(const Json& value) {
  if (form_.json) write(out_, value.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

void Output::problem(const control::RpcError& error) {
  write(err_, fmt::format("ringwallctl: {}\n", printable(error.message)));
  if (!form_.json) return;
  control::Outcome outcome = control::outcome_of(error);
  Json body = {{"code", static_cast<int>(outcome)},
               {"outcome", control::name_of(outcome)},
               {"message", error.message}};
  if (!error.data.is_null()) body["data"] = error.data;
  json({{"error", std::move(body)}});
}

void Output::warn(std::string_view line) {
  if (!form_.json) write(err_, printable(line) + "\n");
}

void Output::progress(std::string_view line) {
  if (form_.progress && !form_.json) write(err_, printable(line) + "\n");
}

std::string Output::bytes(uint64_t count) const {
  return form_.terminal ? human_bytes(count) : std::to_string(count);
}

std::string Output::seconds(int64_t count) const {
  return form_.terminal ? human_seconds(count) : std::to_string(count);
}

std::string Output::microseconds(uint64_t count) const {
  return form_.terminal ? human_microseconds(count) : std::to_string(count);
}

}  // namespace ringwall::cli
