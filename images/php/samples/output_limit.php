<?php
while (true) {
    echo "again and again\n";
}
