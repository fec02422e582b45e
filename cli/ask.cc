#include "cli/ask.h"

#include "cli/client.h"

namespace ringwall::cli {

using namespace std::chrono_literals;

base::Duration silence_max(const Invocation& invocation, control::Method method) {
  if (invocation.timeout != base::Duration()) return invocation.timeout;
  // An upgrade waits up to 90 s for the new daemon's workers.
  return control::row_of(method).progress ? 120s : 10s;
}

base::Result<control::Json, control::RpcError> call(const Invocation& invocation, Output& output,
                                                    control::Method method,
                                                    const control::Json& params,
                                                    base::Duration silence_max) {
  auto client = Client::connect(invocation.socket);
  if (!client) {
    output.problem(client.error());
    return base::fail(client.error());
  }
  auto result = client->call(control::row_of(method).name, params, silence_max,
                             [&output](std::string_view text) { output.progress(text); });
  if (!result) output.problem(result.error());
  return result;
}

}  // namespace ringwall::cli
