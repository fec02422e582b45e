#include "daemon/http/via.h"

#include "daemon/base/text.h"
#include "daemon/http/grammar.h"

namespace ringwall::http {
namespace {

/// received-protocol: [ protocol-name "/" ] protocol-version
bool is_protocol(std::string_view text) {
  size_t slash = text.find('/');
  if (slash == std::string_view::npos) return is_token(text);
  return is_token(text.substr(0, slash)) && is_token(text.substr(slash + 1));
}

}  // namespace

void write_via(HeadWriter& out, unsigned version_minor, std::string_view pseudonym) {
  out.begin_field(FieldName::via);
  out.value(version_minor == 0 ? "1.0 " : "1.1 ");
  out.value(pseudonym);
  out.end_field();
}

unsigned count_in_via(const FieldSection& fields, std::string_view pseudonym) {
  unsigned count = 0;
  for (std::string_view value : fields.values(FieldName::via)) {
    ListElements elements(value);
    while (auto element = elements.next()) {
      // received-protocol RWS received-by [ RWS comment ]
      size_t blank = element->find_first_of(" \t");
      if (blank == std::string_view::npos || !is_protocol(element->substr(0, blank))) continue;
      std::string_view by = base::trim_ows(element->substr(blank));
      by = by.substr(0, by.find_first_of(" \t"));
      count += base::equal_ignoring_case(by, pseudonym);
    }
  }
  return count;
}

}  // namespace ringwall::http
