for ((number = 1; number <= 15000; number++)); do
    echo "$number"
done
