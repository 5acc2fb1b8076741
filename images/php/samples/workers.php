<?php
const WORKERS = 4;

$readers = [];
for ($first = 0; $first < WORKERS; $first++) {
    [$reader, $writer] = stream_socket_pair(STREAM_PF_UNIX, STREAM_SOCK_STREAM, 0);
    if (pcntl_fork() === 0) {
        fwrite($writer, array_sum(range($first, 999999, WORKERS)));
        exit;
    }
    fclose($writer);
    $readers[] = $reader;
}
$total = array_sum(array_map('stream_get_contents', $readers));
echo WORKERS, " workers: $total\n";
