// Whether this machine lets us use io_uring, and in an operator's words why not.
#pragma once

#include "daemon/base/result.h"

namespace ringwall::io {

/// Makes a ring as the loop does and asks for every operation it uses; for the master at start-up.
/// The error names what is missing or forbidden (sysctl, seccomp, kernel, limit) and the mend.
base::Status probe();

/// The sentence for an errno of io_uring_setup or of a registration.
base::Error explain_setup_failure(int os_error);

}  // namespace ringwall::io
