// Slices: large representations stored piece by piece, as far as ranges of them were asked for
// (RFC 9110 section 14, RFC 9111 section 3.4).
//
// Beside the key of the URL there are, behind a newline that no URL contains, the key of a manifest
// (the head of the whole, with its length, slice size and a name for this version as content) and a
// key for each slice, which has that name in it: slices of different versions never meet. Both kinds
// are ordinary stored responses: they collapse and are evicted like all others. To purge the
// manifest is to purge all its slices: the next one has another name.
#pragma once

#include "daemon/proxy/exchange.h"
#include "daemon/proxy/question.h"
#include "daemon/proxy/respond.h"

namespace ringwall::proxy {

/// Whether a request that nothing stored answers may be served in slices.
bool may_slice(const Exchange& exchange);

/// Whether the whole is known to be too large to be stored other than in slices, and some are: a
/// request for all of it is served from them too.
bool is_sliced(const Exchange& exchange, const Question& question);

/// Serves the range that is asked for, or the whole. `other`: the representation can not be sliced,
/// nothing was sent: fetch it as a whole. `unshared`: nor may it be stored: pass.
io::Task<FollowEnd> serve_slices(Exchange& exchange, const caching::Plan& plan,
                                 std::string_view key);

}  // namespace ringwall::proxy
