// Structured fields: what is read, written and read again is the same; two lines count like one
// list; a member is a view into the text. Targeted fields are read with the same bytes.
#include "daemon/http/structured.h"

#include "daemon/http/cache_control.h"
#include "tests/fuzz/fuzz.h"

namespace ringwall::http::structured {
namespace {

using Members = std::optional<std::vector<Member>>;

std::string decimal(int64_t thousandths) {
  std::string digits = std::to_string(thousandths < 0 ? -thousandths : thousandths);
  if (digits.size() < 4) digits.insert(0, 4 - digits.size(), '0');
  digits.insert(digits.size() - 3, 1, '.');
  return (thousandths < 0 ? "-" : "") + digits;
}

std::string written(const Item& item) {
  std::string text(item.text);
  switch (item.type) {
    case Item::Type::integer:
      return std::to_string(item.integer);
    case Item::Type::decimal:
      return decimal(item.integer);
    case Item::Type::string:
      return "\"" + text + "\"";
    case Item::Type::token:
      return text;
    case Item::Type::bytes:
      return ":" + text + ":";
    case Item::Type::boolean:
      return item.integer == 1 ? "?1" : "?0";
  }
  return {};
}

std::string written(const Member& member) {
  std::string value = member.inner ? "()" : written(member.item);
  return member.key.empty() ? value : std::string(member.key) + "=" + value;
}

std::string written(const Members& members) {
  std::string out;
  for (const Member& member : *members) out += (out.empty() ? "" : ", ") + written(member);
  return out;
}

void check(std::string_view text, Members (*parse)(std::string_view)) {
  Members members = parse(text);
  if (!members) return;
  CHECK(members->size() <= members_max);
  const char* end = text.data() + text.size();
  for (const Member& member : *members) {
    if (member.item.text.empty()) continue;
    CHECK(member.item.text.data() >= text.data() && member.item.text.data() < end);
    CHECK(member.item.string().size() <= member.item.text.size());
  }
  std::string once = written(members);
  Members again = parse(once);
  CHECK(again && written(again) == once);
  // A line more is a list more.
  std::string longer = std::string(text) + ", zz=1";
  Members more = parse(longer);
  if (parse == parse_dictionary && !members->empty() && members->size() < members_max) {
    CHECK(more && more->back().key == "zz");
  }
}

}  // namespace
}  // namespace ringwall::http::structured

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace ringwall::http;
  std::string_view text = ringwall::fuzz::text_of(data, size);
  structured::check(text, structured::parse_dictionary);
  structured::check(text, structured::parse_list);
  auto control = parse_targeted(text);
  if (control) {
    auto guarded = parse_targeted(std::string(text) + ", no-store, private");
    // Nothing before them hides restrictions, unless there are too many members.
    CHECK(!guarded || (guarded->no_store && guarded->private_));
    for (auto value : {control->max_age, control->s_maxage}) {
      CHECK(value.value_or(0) <= delta_seconds_max);
    }
  }
  return 0;
}
