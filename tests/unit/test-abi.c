/* SPDX-License-Identifier: Apache-2.0 */
/* Pins the size and every offset of the ABI's structs on 64-bit machines. */
#include <jauauth/plugin.h>

#include <stdio.h>

/*
 * Members are added at the end only: a line here may be added and never changed. The size of a
 * struct that says its own size may grow; that of the others never.
 */
#define OFFSET(type, member, bytes)                                                                \
  _Static_assert(offsetof(struct type, member) == (bytes), #type "." #member " has moved")
#define SIZE(type, bytes) _Static_assert(sizeof(struct type) == (bytes), #type " has grown")

#if UINTPTR_MAX == UINT64_MAX

OFFSET(jauauth_option, name, 0);
OFFSET(jauauth_option, help, 8);
OFFSET(jauauth_option, default_value, 16);
OFFSET(jauauth_option, since, 24);
OFFSET(jauauth_option, minimum, 32);
OFFSET(jauauth_option, maximum, 40);
OFFSET(jauauth_option, type, 48);
OFFSET(jauauth_option, flags, 52);
OFFSET(jauauth_option, means, 56);
OFFSET(jauauth_option, reserved, 60);
SIZE(jauauth_option, 64);

OFFSET(jauauth_variable, name, 0);
OFFSET(jauauth_variable, value, 8);
SIZE(jauauth_variable, 16);

OFFSET(jauauth_mount, source, 0);
OFFSET(jauauth_mount, target, 8);
OFFSET(jauauth_mount, flags, 16);
OFFSET(jauauth_mount, reserved, 20);
SIZE(jauauth_mount, 24);

OFFSET(jauauth_limit, value, 0);
OFFSET(jauauth_limit, strict, 8);
OFFSET(jauauth_limit, reserved, 12);
SIZE(jauauth_limit, 16);

OFFSET(jauauth_request, struct_size, 0);
OFFSET(jauauth_request, network, 4);
OFFSET(jauauth_request, network_name, 8);
OFFSET(jauauth_request, instance, 16);
OFFSET(jauauth_request, server, 24);
OFFSET(jauauth_request, command, 32);
OFFSET(jauauth_request, environment, 40);
OFFSET(jauauth_request, mounts, 48);
OFFSET(jauauth_request, work_directory, 56);
OFFSET(jauauth_request, temporary_directory, 64);
OFFSET(jauauth_request, home, 72);
OFFSET(jauauth_request, limits, 80);
OFFSET(jauauth_request, limits_count, 88);
OFFSET(jauauth_request, user_name, 96);
OFFSET(jauauth_request, user_id, 104);
OFFSET(jauauth_request, group_id, 108);
OFFSET(jauauth_request, server_user_id, 112);
OFFSET(jauauth_request, server_group_id, 116);
OFFSET(jauauth_request, network_given, 120);
OFFSET(jauauth_request, reserved, 124);
SIZE(jauauth_request, 128);

OFFSET(jauauth_path, struct_size, 0);
OFFSET(jauauth_path, type, 4);
OFFSET(jauauth_path, mode, 8);
OFFSET(jauauth_path, user_id, 12);
OFFSET(jauauth_path, group_id, 16);
OFFSET(jauauth_path, readable, 20);
OFFSET(jauauth_path, writable, 24);
OFFSET(jauauth_path, executable, 28);
OFFSET(jauauth_path, size, 32);
OFFSET(jauauth_path, link, 40);
OFFSET(jauauth_path, interpreter, 48);
SIZE(jauauth_path, 56);

OFFSET(jauauth_run_result, struct_size, 0);
OFFSET(jauauth_run_result, exit_code, 4);
OFFSET(jauauth_run_result, signal, 8);
OFFSET(jauauth_run_result, timed_out, 12);
OFFSET(jauauth_run_result, output, 16);
OFFSET(jauauth_run_result, errors, 24);
SIZE(jauauth_run_result, 32);

OFFSET(jauauth_host, struct_size, 0);
OFFSET(jauauth_host, abi_minor, 4);
OFFSET(jauauth_host, allocate, 8);
OFFSET(jauauth_host, format, 16);
OFFSET(jauauth_host, error_set, 24);
OFFSET(jauauth_host, find_program, 32);
OFFSET(jauauth_host, inspect_path, 40);
OFFSET(jauauth_host, real_path, 48);
OFFSET(jauauth_host, run, 56);
OFFSET(jauauth_host, option_given, 64);
OFFSET(jauauth_host, option_integer, 72);
OFFSET(jauauth_host, option_text, 80);
OFFSET(jauauth_host, option_list, 88);
OFFSET(jauauth_host, probed, 96);
OFFSET(jauauth_host, probe_state, 104);
OFFSET(jauauth_host, probe_engine, 112);
OFFSET(jauauth_host, probe_feature, 120);
OFFSET(jauauth_host, probe_finding, 128);
OFFSET(jauauth_host, probe_repair, 136);
OFFSET(jauauth_host, probe_weak_version, 144);
OFFSET(jauauth_host, probe_claim, 152);
OFFSET(jauauth_host, problem, 160);
OFFSET(jauauth_host, plan_tree, 168);
OFFSET(jauauth_host, plan_step, 176);
OFFSET(jauauth_host, plan_command_path, 184);
OFFSET(jauauth_host, plan_variable, 192);
OFFSET(jauauth_host, plan_locate_front, 200);
OFFSET(jauauth_host, plan_locate_status, 208);
OFFSET(jauauth_host, plan_locate_output, 216);
OFFSET(jauauth_host, plan_locate_remote, 224);
OFFSET(jauauth_host, plan_limit, 232);
OFFSET(jauauth_host, plan_stop_close_stdin, 240);
OFFSET(jauauth_host, plan_stop_wait, 248);
OFFSET(jauauth_host, plan_stop_signal, 256);
OFFSET(jauauth_host, plan_stop_step, 264);
OFFSET(jauauth_host, plan_setuid_engine, 272);
OFFSET(jauauth_host, plan_keep, 280);
OFFSET(jauauth_host, plan_weakens, 288);
OFFSET(jauauth_host, plan_fact, 296);
OFFSET(jauauth_host, step_argument, 304);
OFFSET(jauauth_host, step_command, 312);
OFFSET(jauauth_host, step_environment, 320);
OFFSET(jauauth_host, step_file, 328);
OFFSET(jauauth_host, step_status, 336);
OFFSET(jauauth_host, step_gate, 344);
OFFSET(jauauth_host, step_time_limit, 352);
OFFSET(jauauth_host, step_capture, 360);
OFFSET(jauauth_host, step_if_failed, 368);
OFFSET(jauauth_host, diagnose, 376);
OFFSET(jauauth_host, host_options, 384);
OFFSET(jauauth_host, run_environment, 392);
OFFSET(jauauth_host, probe_watch, 400);
OFFSET(jauauth_host, note, 408);
SIZE(jauauth_host, 416);

OFFSET(jauauth_output, step, 0);
OFFSET(jauauth_output, text, 8);
OFFSET(jauauth_output, exit_code, 16);
OFFSET(jauauth_output, reserved, 20);
SIZE(jauauth_output, 24);

OFFSET(jauauth_ending, struct_size, 0);
OFFSET(jauauth_ending, exit_code, 4);
OFFSET(jauauth_ending, signal, 8);
OFFSET(jauauth_ending, asked, 12);
OFFSET(jauauth_ending, memory_kills, 16);
OFFSET(jauauth_ending, failed_step, 24);
OFFSET(jauauth_ending, errors, 32);
OFFSET(jauauth_ending, status, 40);
OFFSET(jauauth_ending, outputs, 48);
SIZE(jauauth_ending, 56);

OFFSET(jauauth_pair, key, 0);
OFFSET(jauauth_pair, value, 8);
SIZE(jauauth_pair, 16);

OFFSET(jauauth_plugin, struct_size, 0);
OFFSET(jauauth_plugin, abi_minor, 4);
OFFSET(jauauth_plugin, lowest_host_minor, 8);
OFFSET(jauauth_plugin, account, 12);
OFFSET(jauauth_plugin, name, 16);
OFFSET(jauauth_plugin, version, 24);
OFFSET(jauauth_plugin, summary, 32);
OFFSET(jauauth_plugin, options, 40);
OFFSET(jauauth_plugin, option_size, 48);
OFFSET(jauauth_plugin, front_programs, 56);
OFFSET(jauauth_plugin, probe, 64);
OFFSET(jauauth_plugin, validate, 72);
OFFSET(jauauth_plugin, spawn, 80);
OFFSET(jauauth_plugin, teardown, 88);
OFFSET(jauauth_plugin, init, 96);
OFFSET(jauauth_plugin, fini, 104);
OFFSET(jauauth_plugin, diagnose, 112);
SIZE(jauauth_plugin, 120);

#endif

_Static_assert(JAUAUTH_ABI_MAJOR == 1, "another major version has another header");

int main(void)
{
  puts("1..1\nok 1 - sizes and offsets are those of version 1");
  return 0;
}
