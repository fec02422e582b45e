// The test origin's answers: what the query of a request asks for, sent over a blocking socket.
//
// Paths: /b/SIZE[/…] content of that size (content.h); /echo[/…] a JSON description of the request;
// anything else a line "NAME PATH". Options of the query (all may be combined where it makes
// sense):
//   cc= expires= age= vary=             fields of the response (expires: seconds from now; an
//                                       empty option is none)
//   etag= lm=                           validators (origin_selection.h; lm: seconds before the
//                                       origin's start, or any text): conditional requests are
//                                       answered with 304 and 412, Range with 206 and 416
//   version=N varyby=FIELD,…            another content for each N and each value of these fields
//   field=Name:Value   any other line;  cookie=1: Set-Cookie;  hop=1: hop-by-hop fields
//   304.NAME=… f304=Line always304=1    the option NAME of 304s; a line that 304s have (those of
//                                       `field` they have not); 304 to any conditional request
//   ranges=0                            Range is ignored
//   status=N  reason=… h10=1            the status line;  nodate=1: no Date
//   chunked=1 close=1 trailers=1        framing: chunks, until close, chunks with trailers
//   delay=MS slow=MS pieces=N           before the head; between pieces of the body
//   gate=X half=X after=N               waits for gate X before the head; after half of the body,
//                                       or after N bytes of it
//   cut=N                               closes after N bytes of the body
//   early=1                             answers before it reads the request body
//   hints=1 continue=0                  103 before the head; no 100 (Continue)
//   fail=KIND first=N at=NAME           a fault (origin_fault.cc); only the first N requests of the
//                                       path, only the origin of that name, where given
// A test can set options of a path at run time, and for one method only (origin_script.h).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tests/support/origin_ledger.h"
#include "tests/support/origin_request.h"

namespace ringwall::support {

/// A connection to the origin while one thread serves it.
struct Exchange {
  int fd;
  const std::string& name;
  Input& input;
  Ledger& ledger;
  uint64_t connection;
  uint64_t nth = 0;        // which request of its path
  bool keep = true;        // the connection goes on afterwards
  bool drop_next = false;  // the next request is read and the connection reset
};

bool send_all(int fd, std::string_view bytes);
/// Closes with a reset instead of a FIN.
void reset_connection(int fd);

/// The status line and fields with the given framing fields (each ended by CRLF) among them.
std::string answer_head(const Exchange& exchange, const Request& request, uint64_t status,
                        std::string_view framing);

/// Reads the body and answers. False: the connection must be closed.
bool answer(Exchange& exchange, Request& request);

/// Answers with the fault that `fail` names. False: the connection must be closed.
bool answer_with_fault(Exchange& exchange, Request& request);

}  // namespace ringwall::support
