<?php
require __DIR__ . '/text/greeting.php';

echo greeting('files'), "\n";
