<?php
for ($number = 1; $number <= 15000; $number++) {
    echo $number, "\n";
}
