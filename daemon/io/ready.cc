#include "daemon/io/ready.h"

#include "daemon/io/task_group.h"

namespace ringwall::io {

bool ReadyQueue::run(unsigned most) {
  while (most-- > 0) {
    Ready* ready = pop();
    if (ready == nullptr) break;
    if (ready->finished) {
      // A spawned task at its end. The group hears of it only when the frame is gone: a frame's
      // parameters die with it, and may use what the group's waiter takes down.
      current_context = nullptr;
      TaskGroup* group = ready->group;
      ready->coroutine.destroy();
      group->ended();
      continue;
    }
    current_context = ready->context;
    ready->coroutine.resume();
  }
  current_context = nullptr;
  return !empty();
}

}  // namespace ringwall::io
