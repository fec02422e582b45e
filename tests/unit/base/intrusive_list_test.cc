#include "daemon/base/intrusive_list.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace ringwall::base {
namespace {

struct Other;
struct Item : ListNode<>, ListNode<Other> {
  explicit Item(int n) : number(n) {}
  int number;
};
using List = IntrusiveList<Item>;

std::vector<int> numbers(List& list) {
  std::vector<int> all;
  list.for_each([&all](Item& item) { all.push_back(item.number); });
  return all;
}

TEST(IntrusiveList, keeps_the_order_of_pushes) {
  Item one(1), two(2), three(3);
  List list;
  EXPECT_TRUE(list.empty());
  list.push_back(two);
  list.push_back(three);
  list.push_front(one);
  EXPECT_EQ(numbers(list), (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(list.front().number, 1);
  EXPECT_EQ(list.back().number, 3);
  EXPECT_EQ(list.pop_front().number, 1);
  EXPECT_EQ(numbers(list), (std::vector<int>{2, 3}));
}

TEST(IntrusiveList, an_element_leaves_by_itself_when_it_is_destroyed) {
  List list;
  Item one(1);
  auto two = std::make_unique<Item>(2);
  list.push_back(one);
  list.push_back(*two);
  two.reset();
  EXPECT_EQ(numbers(list), std::vector<int>{1});
  one.ListNode<>::unlink();
  EXPECT_TRUE(list.empty());
  one.ListNode<>::unlink();  // once more does no harm
  EXPECT_FALSE(one.ListNode<>::linked());
}

TEST(IntrusiveList, an_element_may_be_in_lists_of_different_tags) {
  List list;
  IntrusiveList<Item, Other> others;
  Item one(1);
  list.push_back(one);
  others.push_back(one);
  list.pop_front();
  EXPECT_TRUE(list.empty());
  EXPECT_EQ(others.front().number, 1);
}

TEST(IntrusiveList, takes_over_all_elements_of_another) {
  Item one(1), two(2), three(3);
  List list, more;
  list.push_back(one);
  more.push_back(two);
  more.push_back(three);
  list.take(more);
  EXPECT_TRUE(more.empty());
  EXPECT_EQ(numbers(list), (std::vector<int>{1, 2, 3}));
}

TEST(IntrusiveList, elements_may_leave_while_they_are_visited) {
  Item one(1), two(2), three(3);
  List list;
  for (Item* item : {&one, &two, &three}) list.push_back(*item);
  list.for_each([](Item& item) {
    if (item.number != 2) item.ListNode<>::unlink();
  });
  EXPECT_EQ(numbers(list), std::vector<int>{2});
}

TEST(IntrusiveListDeath, no_element_is_linked_twice) {
  List list;
  Item one(1);
  list.push_back(one);
  EXPECT_DEATH(list.push_back(one), "");
  EXPECT_DEATH(List().front(), "");
}

}  // namespace
}  // namespace ringwall::base
