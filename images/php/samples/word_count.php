<?php
$words = preg_split('/\s+/', stream_get_contents(STDIN), -1, PREG_SPLIT_NO_EMPTY);
$counts = array_count_values($words);
uksort($counts, fn($a, $b) => $counts[$b] <=> $counts[$a] ?: strcmp($a, $b));
foreach ($counts as $word => $count) {
    echo "$word $count\n";
}
$letters = array_sum(array_map('mb_strlen', array_keys($counts)));
printf("%d words, mean length %.2f\n", count($counts), $letters / count($counts));
