/* SPDX-License-Identifier: MIT */
#include "wall.h"

#include "clock.h"
#include "starved.h"

static uint64_t began_us, limit_us, most_us;

void wall_begin(uint32_t limit_ms, uint32_t most_ms)
{
    began_us = clock_us();
    limit_us = (uint64_t)limit_ms * 1000;
    most_us = (uint64_t)most_ms * 1000;
    if (most_us > limit_us)
        starved_begin();
}

void wall_follow(pid_t program)
{
    if (most_us > limit_us)
        starved_follow(program);
}

void wall_unfollow(void)
{
    starved_unfollow();
}

uint64_t wall_us(void)
{
    return clock_us() - began_us;
}

/* As of the last look. */
static uint64_t extended_us(void)
{
    if (most_us <= limit_us)
        return limit_us;
    uint64_t room_us = most_us - limit_us, found_us = starved_us();
    return limit_us + (found_us < room_us ? found_us : room_us);
}

bool wall_reached(uint64_t cpu_us)
{
    if (limit_us == 0)
        return false;
    if (most_us > limit_us)
        starved_look(cpu_us, wall_us() >= extended_us());
    return wall_us() >= extended_us();
}

uint64_t wall_given_back_us(void)
{
    uint64_t given_us = extended_us() - limit_us, now_us = wall_us();
    if (limit_us == 0 || now_us <= limit_us)
        return 0;
    return now_us - limit_us < given_us ? now_us - limit_us : given_us;
}

uint64_t wall_at_most(uint64_t next_us)
{
    uint64_t reached_us = began_us + extended_us();
    return limit_us != 0 && reached_us < next_us ? reached_us : next_us;
}
