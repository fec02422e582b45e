#include "daemon/http/status.h"

#include <array>

namespace ringwall::http {
namespace {

struct Phrase {
  unsigned status;
  std::string_view text;
};

// The IANA registry of status codes.
constexpr Phrase registered[] = {
    {100, "Continue"},
    {101, "Switching Protocols"},
    {102, "Processing"},
    {103, "Early Hints"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {203, "Non-Authoritative Information"},
    {204, "No Content"},
    {205, "Reset Content"},
    {206, "Partial Content"},
    {207, "Multi-Status"},
    {208, "Already Reported"},
    {226, "IM Used"},
    {300, "Multiple Choices"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {305, "Use Proxy"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {407, "Proxy Authentication Required"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {423, "Locked"},
    {424, "Failed Dependency"},
    {425, "Too Early"},
    {426, "Upgrade Required"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {451, "Unavailable For Legal Reasons"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {506, "Variant Also Negotiates"},
    {507, "Insufficient Storage"},
    {508, "Loop Detected"},
    {511, "Network Authentication Required"},
};

// What a code without a phrase is called: RFC 9110 section 15 lets its class speak for it.
constexpr std::array<std::string_view, 6> classes = {
    "Unknown", "Informational", "Success", "Redirection", "Client Error", "Server Error"};

constexpr std::array<std::string_view, 600> build() {
  std::array<std::string_view, 600> table;
  for (size_t status = 0; status < table.size(); ++status) table[status] = classes[status / 100];
  for (const Phrase& phrase : registered) table[phrase.status] = phrase.text;
  return table;
}
constexpr std::array<std::string_view, 600> phrases = build();

}  // namespace

std::string_view reason_phrase(unsigned status) {
  return status < phrases.size() ? phrases[status] : classes[0];
}

}  // namespace ringwall::http
