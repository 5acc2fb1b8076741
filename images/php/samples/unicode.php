<?php
echo "Grüße, Жизнь, 世界 ☃ 🚀\n";
