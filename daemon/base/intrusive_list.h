// A doubly linked list through nodes inside its elements: no allocation, removal in constant time
// by the element alone. A node takes itself out when it is destroyed.
#pragma once

#include "daemon/base/assert.h"

namespace ringwall::base {

/// Base class of an element. `Tag` tells several lists of one element apart.
template <class Tag = void>
class ListNode {
 public:
  ListNode() : next_(this), previous_(this) {}
  ListNode(const ListNode&) = delete;
  ListNode& operator=(const ListNode&) = delete;
  ~ListNode() { unlink(); }

  bool linked() const { return next_ != this; }
  void unlink() {
    next_->previous_ = previous_;
    previous_->next_ = next_;
    next_ = previous_ = this;
  }

 private:
  template <class T, class U>
  friend class IntrusiveList;
  ListNode* next_;
  ListNode* previous_;
};

/// A list of T, where T derives from ListNode<Tag>. Owns nothing.
template <class T, class Tag = void>
class IntrusiveList {
  using Node = ListNode<Tag>;

 public:
  bool empty() const { return !head_.linked(); }
  void push_back(T& element) { insert_before(head_, element); }
  void push_front(T& element) { insert_before(*head_.next_, element); }
  /// Requires: !empty().
  T& front() {
    RW_ASSERT(!empty());
    return static_cast<T&>(*head_.next_);
  }
  T& back() {
    RW_ASSERT(!empty());
    return static_cast<T&>(*head_.previous_);
  }
  T& pop_front() {
    T& element = front();
    static_cast<Node&>(element).unlink();
    return element;
  }
  /// Moves all elements of `other` to this list's end.
  void take(IntrusiveList& other) {
    while (!other.empty()) push_back(other.pop_front());
  }
  /// Calls f(element) for each; f may unlink the element it is given, no other.
  template <class F>
  void for_each(F&& f) {
    for (Node* at = head_.next_; at != &head_;) {
      Node* next = at->next_;
      f(static_cast<T&>(*at));
      at = next;
    }
  }

 private:
  static void insert_before(Node& position, T& element) {
    Node& node = element;
    RW_ASSERT(!node.linked());
    node.next_ = &position;
    node.previous_ = position.previous_;
    position.previous_->next_ = &node;
    position.previous_ = &node;
  }
  Node head_;
};

}  // namespace ringwall::base
