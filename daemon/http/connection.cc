#include "daemon/http/connection.h"

#include "daemon/base/text.h"
#include "daemon/http/grammar.h"

namespace ringwall::http {

ConnectionOptions::ConnectionOptions(const FieldSection& fields) : fields_(fields) {
  for (std::string_view value : fields.values(FieldName::connection)) {
    ListElements options(value);
    while (auto option = options.next()) {
      if (base::equal_ignoring_case(*option, "close")) {
        close_ = true;
      } else if (base::equal_ignoring_case(*option, "keep-alive")) {
        keep_alive_ = true;
      } else if (base::equal_ignoring_case(*option, "upgrade")) {
        upgrade_ = fields.has(FieldName::upgrade);
      } else if (recognise(*option) == FieldName::other) {
        names_others_ = true;
      }
    }
  }
  for (std::string_view value : fields.values(FieldName::te)) {
    takes_trailers_ = takes_trailers_ || list_has(value, "trailers");
  }
}

bool ConnectionOptions::names(std::string_view name) const {
  for (std::string_view value : fields_.values(FieldName::connection)) {
    if (list_has(value, name)) return true;
  }
  return false;
}

bool persists(const ConnectionOptions& options, unsigned version_minor) {
  if (options.close()) return false;
  return version_minor >= 1 || options.keep_alive();
}

}  // namespace ringwall::http
