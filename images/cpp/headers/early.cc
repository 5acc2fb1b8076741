/*
 * A plugin for the compile that makes a precompiled header: `#pragma codebae instantiate` turns
 * what its inline functions use of templates into functions. GCC leaves that to the end of every
 * program that takes the header, where it is most of the time (ADR 7).
 */
#include "gcc-plugin.h"
#include "tree.h"
#include "cp/cp-tree.h"
#include "c-family/c-pragma.h"

int plugin_is_GPL_compatible;

static void instantiate(cpp_reader *)
{
    instantiate_pending_templates(0);
}

static void register_pragma(void *, void *)
{
    c_register_pragma("codebae", "instantiate", instantiate);
}

int plugin_init(plugin_name_args *plugin, plugin_gcc_version *)
{
    register_callback(plugin->base_name, PLUGIN_PRAGMAS, register_pragma, nullptr);
    return 0;
}
